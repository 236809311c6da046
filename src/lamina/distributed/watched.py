"""A communicator that knows since when it waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.errors import LostWorkerError

__all__ = ["Watched"]

T = TypeVar("T")


class Watched:
    """A communicator whose errors are :class:`~lamina.errors.LostWorkerError`.

    Attributes
    ----------
    is_waiting : bool
        For the other ranks.
    since : float
        When that began, on the clock of ``time.monotonic``.
    """

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator
        self.rank, self.size, self.name = communicator.rank, communicator.size, communicator.name
        self.is_waiting, self.since = False, time.monotonic()

    @property
    def is_broken(self) -> bool:
        """Whether a call was left in its midst, so that the ranks are no longer in step."""
        return self.is_waiting

    def all_reduce(self, vector: np.ndarray) -> None:
        self._call(self._communicator.all_reduce, vector)

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        return self._call(self._communicator.empty, length, dtype)

    def broadcast(self, array: np.ndarray) -> None:
        self._call(self._communicator.broadcast, array)

    def barrier(self) -> None:
        self._call(self._communicator.barrier)

    def close(self) -> None:
        self._communicator.close()

    def _call(self, method: Callable[..., T], *arguments: Any) -> T:
        self.is_waiting, self.since = True, time.monotonic()
        try:
            result = method(*arguments)
        except RuntimeError as error:  # of shared memory, torch and mpi4py
            waited = time.monotonic() - self.since
            told = next(iter(str(error).splitlines()), type(error).__name__)
            text = f"Rank {self.rank} lost the others after {waited:.1f} s: {told}"
            raise LostWorkerError(text) from error
        self.is_waiting, self.since = False, time.monotonic()
        return result
