"""Ranks that are threads of one process: the communicator of tests that need neither Ray nor torch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

TIMEOUT_S = 60


class _Room:
    """What the threads share."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=TIMEOUT_S)
        self.parts: list[Any] = [None] * size


class ThreadCommunicator:
    """A rank's communicator; sums are in the order of the ranks."""

    name = "threads"

    def __init__(self, room: _Room, rank: int) -> None:
        self._room, self.rank, self.size = room, rank, len(room.parts)
        self.reductions = 0

    def all_reduce(self, vector: np.ndarray) -> None:
        self.reductions += 1
        self._room.parts[self.rank] = vector.copy()
        self.barrier()
        total = self._room.parts[0].copy()
        for part in self._room.parts[1:]:
            total += part
        self.barrier()
        vector[:] = total

    def broadcast(self, array: np.ndarray) -> None:
        if self.rank == 0:
            self._room.parts[0] = array.copy()
        self.barrier()
        array[...] = self._room.parts[0]
        self.barrier()

    def barrier(self) -> None:
        try:
            self._room.barrier.wait()
        except threading.BrokenBarrierError as error:
            raise RuntimeError("another thread has ended") from error

    def close(self) -> None:
        self._room.barrier.abort()


def run_ranks(size: int, work: Callable[[ThreadCommunicator], Any]) -> list[Any]:
    """What ``work`` returns on each rank; the first error of any is raised."""
    room = _Room(size)

    def one(rank: int) -> Any:
        communicator = ThreadCommunicator(room, rank)
        try:
            return work(communicator)
        except BaseException:
            communicator.close()
            raise

    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(one, rank) for rank in range(size)]
    errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
    return [future.result() for future in futures]
