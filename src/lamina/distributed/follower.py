"""All ranks but the first: they do what rank 0 says, until it says that all is done."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.distributed.messages import receive
from lamina.distributed.rank_steps import RankSteps, plan_of_rank
from lamina.distributed.way import Way, measure
from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, TrainingPlan
from lamina.engine.program import Program
from lamina.errors import LostWorkerError

__all__ = ["follow"]


def follow(communicator: Communicator, data: Batches, dtype: str, engine: str, n_threads: int | None) -> Any:
    """Take part in a training that rank 0 leads.

    Parameters
    ----------
    communicator : Communicator
    data : Batches
        The same rows as rank 0 has.
    dtype, engine, n_threads
        As in :class:`lamina.training.Trainer`.

    Returns
    -------
    object
        What rank 0 says at the end.

    Raises
    ------
    LostWorkerError
        If the training failed on rank 0, or that has ended.
    """
    follower = _Follower(communicator, data, dtype, engine, n_threads)
    while True:
        kind, *content = receive(communicator)
        if kind == "end":
            return content[0]
        if kind == "failed":
            raise LostWorkerError(f"Rank 0 ended the training: {content[0]}")
        getattr(follower, kind)(*content)


class _Follower:
    """What a rank can be told to do: one method for each kind of message."""

    def __init__(self, communicator: Communicator, data: Batches, dtype: str, engine: str, n_threads: int | None) -> None:
        self._communicator = communicator
        self._data = data
        self._make = partial(make_executor, dtype=dtype, engine=engine, n_threads=n_threads)
        self._program: Program | None = None
        self._executor: Executor
        self._steps: RankSteps

    def configure(self, program: Program, plan: TrainingPlan, way: Way) -> None:
        if program != self._program:
            self._executor, self._program = self._make(program), program
        self._executor.configure(plan_of_rank(plan, self._communicator.rank, way))
        self._steps = RankSteps(self._executor, self._communicator, way, plan.record_norms)

    def weights(self, shapes: list[tuple[int, ...]]) -> None:
        parts = [np.empty(shape, self._executor.dtype) for shape in shapes]
        for part in filter(np.size, parts):
            self._communicator.broadcast(part)
        self._executor.restore(*parts)

    def measure(self, batch_size: int) -> None:
        measure(self._executor, self._communicator, self._data, batch_size)

    def train(self, order: np.ndarray, *given: Any) -> None:
        self._steps.train(self._data, order.astype(np.int64), *given)
