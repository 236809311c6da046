"""Ranks that are threads of one process: the communicator of tests that need neither Ray nor torch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from lamina.training import Callback, Run

TIMEOUT_S = 60


class Fails(Callback):
    """Ends a training after an epoch, as an error of a user's callback does."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, run: Run, record: Any) -> None:
        if run.epoch == self.epoch:
            raise ZeroDivisionError


class _Room:
    """What the threads share. Unlike with threading.Barrier, whoever all have met goes on, even if one of them ends at once."""

    def __init__(self, size: int) -> None:
        self.parts: list[Any] = [None] * size
        self._changed = threading.Condition()
        self._meetings = self._here = 0
        self._someone_left = False

    def meet(self) -> None:
        with self._changed:
            meeting = self._meetings
            self._here += 1
            if self._here == len(self.parts):
                self._meetings, self._here = meeting + 1, 0
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._meetings > meeting or self._someone_left, TIMEOUT_S)
            if self._meetings == meeting:
                raise RuntimeError("another thread has ended")

    def leave(self) -> None:
        with self._changed:
            self._someone_left = True
            self._changed.notify_all()


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

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        return np.empty(length, dtype)

    def broadcast(self, array: np.ndarray) -> None:
        if self.rank == 0:
            self._room.parts[0] = array.copy()
        self.barrier()
        array[...] = self._room.parts[0]
        self.barrier()

    def barrier(self) -> None:
        self._room.meet()

    def close(self) -> None:
        self._room.leave()


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
