"""A rank that shares memory with others: python shared_ranks.py ADDRESS RANK SIZE WHAT"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lamina.distributed.shared_memory import SharedMemory

LENGTHS = (0, 1, 3, 40_000, 100_003)  # fewer numbers than ranks, and more than are added up at a time
X = np.random.default_rng(0).normal(size=(60, 3))


def own(rank: int, length: int, dtype: str) -> np.ndarray:
    if length == 3:  # the sum overflows in float32
        return np.full(3, 3e38, dtype)
    return np.random.default_rng([rank, length]).normal(size=length).astype(dtype)


def sums(communicator: SharedMemory, *, lent: bool = False) -> str:
    """A digest of sums of several lengths, in memory that grows, or in arrays that the communicator lends."""
    digest = hashlib.sha256()
    for dtype in ("float32", "float64"):
        for length in LENGTHS:
            vector = own(communicator.rank, length, dtype)
            if lent:
                vector = communicator.empty(length, np.dtype(dtype))
                assert communicator.empty(length, np.dtype(dtype)) is vector
                vector[:] = own(communicator.rank, length, dtype)
                communicator.broadcast(np.zeros(length))  # has memory of its own
            communicator.all_reduce(vector)
            digest.update(vector.tobytes())
    return digest.hexdigest()


def broadcasts(communicator: SharedMemory) -> list[list[float]]:
    found = []
    for array in (np.arange(7, dtype=np.uint8), np.arange(6.0).reshape(2, 3), np.arange(9000, dtype=np.int32)):
        got = array + 1 if communicator.rank == 0 else np.zeros_like(array)
        communicator.broadcast(got)
        found.append(got.ravel().tolist())
    return found


def train(communicator: SharedMemory) -> list[str]:
    """Digests of the weights after two trainings; in the second, ranks other than 0 take their time."""
    from lamina import Dense, Dropout, Sequential, Trainer  # the other programs begin sooner without
    from lamina.distributed import fit

    digests = []
    for late_s in (0.0, 0.1):
        late = Late(communicator, late_s) if communicator.rank > 0 else communicator
        layers = [Dense(8, activation="relu"), Dropout(0.2), Dense(1)]
        trainer = Trainer(Sequential(layers), "squared_error", batch_size=20, seed=1, n_threads=1)
        fit(trainer, X, X[:, 0], communicator=late, way="synchronous", max_epochs=2)
        digests.append(hashlib.sha256(trainer.executor.snapshot().parameters.tobytes()).hexdigest())
    return digests


class Late:
    """Comes late to every sum."""

    def __init__(self, communicator: SharedMemory, late_s: float) -> None:
        self._communicator, self._late_s = communicator, late_s
        self.rank, self.size, self.name = communicator.rank, communicator.size, communicator.name
        self.broadcast, self.barrier, self.close = communicator.broadcast, communicator.barrier, communicator.close
        self.empty = communicator.empty

    def all_reduce(self, vector: np.ndarray) -> None:
        time.sleep(self._late_s)
        self._communicator.all_reduce(vector)


def main(address: str, rank: int, size: int, what: str) -> None:
    listener = None
    if rank == 0:
        address, listener = SharedMemory.listen()
        print(address, flush=True)
    print("ready", flush=True)
    communicator = SharedMemory(address, rank, size, 30.0, listener)
    if what in WORK:
        print(WORK[what](communicator), flush=True)
    elif what == "for ever":
        try:
            while True:
                communicator.all_reduce(np.ones(100_000, np.float32))
        except RuntimeError as error:
            print(error, flush=True)
    elif what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "killed, with a fork":  # which keeps open what the rank had
        if os.fork() == 0:
            os.close(1)
            time.sleep(20)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        communicator.barrier()


WORK: dict[str, Callable[[SharedMemory], Any]] = {
    "sums": sums,
    "lent sums": partial(sums, lent=True),
    "broadcasts": broadcasts,
    "train": train,
}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
