"""What ranks need to work together: a sum over all of them, a broadcast, a barrier."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

__all__ = ["Alone", "Communicator"]


class Communicator(Protocol):
    """One rank's connection to the others; all ranks call the same methods in the same order.

    Attributes
    ----------
    rank : int
        The number of this process, from 0 (which leads) to ``size - 1``.
    size : int
        The number of processes.
    name : str
        What it is made of, for people: "shared memory", "gloo", "MPI".
    """

    rank: int
    size: int
    name: str

    def all_reduce(self, vector: np.ndarray) -> None:
        """Replace ``vector``, float32 or float64 (n,), by its sum over the ranks: on all of them the same bits.

        Raises
        ------
        RuntimeError
            If another rank has ended, or did not answer in time; so do the others.
        """

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        """An array (length,) for :meth:`all_reduce`, which adds it up with the fewest copies.

        It is not initialized, and belongs to the caller until the next call of this method.
        """

    def broadcast(self, array: np.ndarray) -> None:
        """Replace ``array``, contiguous, of numbers or bytes, by that of rank 0."""

    def barrier(self) -> None:
        """Wait until all ranks are here."""

    def close(self) -> None:
        """Leave the others."""


class Alone:
    """The communicator of a process that works alone.

    >>> alone = Alone()
    >>> alone.rank, alone.size
    (0, 1)
    """

    rank, size, name = 0, 1, "alone"

    def all_reduce(self, vector: np.ndarray) -> None:
        """The sum of one vector is the vector."""

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        """Any array will do."""
        return np.empty(length, dtype)

    def broadcast(self, array: np.ndarray) -> None:
        """There is nobody else."""

    def barrier(self) -> None:
        """There is nobody else."""

    def close(self) -> None:
        """There is nobody else."""
