"""Ranks that ``mpirun`` started, by mpi4py."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from lamina.extras import require

__all__ = ["MPI", "is_under_mpirun"]

_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS")  # of Open MPI, MPICH, PMIx and Intel


def is_under_mpirun() -> bool:
    """Whether ``mpirun`` started this process."""
    return any(name in os.environ for name in _SIZES)


class MPI:
    """A :class:`~lamina.distributed.Communicator` of MPI, on a copy of the world's."""

    name = "MPI"

    def __init__(self) -> None:
        self._mpi: Any = require("mpi4py.MPI", owner="Communication by MPI")
        self._group = self._mpi.COMM_WORLD.Dup()
        self.rank, self.size = self._group.Get_rank(), self._group.Get_size()

    def all_reduce(self, vector: np.ndarray) -> None:
        self._group.Allreduce(self._mpi.IN_PLACE, vector)

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        return np.empty(length, dtype)

    def broadcast(self, array: np.ndarray) -> None:
        self._group.Bcast(array, 0)

    def barrier(self) -> None:
        self._group.Barrier()

    def close(self) -> None:
        self._group.Free()

    # Before it is known what the ranks speak by

    def gather(self, text: str) -> list[str]:
        """On rank 0 what all ranks say, in their order; on the others nothing."""
        return self._group.gather(text, 0) or []

    def announced(self, text: str) -> str:
        """What rank 0 says."""
        return str(self._group.bcast(text, 0))

    def connect(self, timeout_s: float) -> MPI:
        """MPI itself, which knows no such time."""
        return self
