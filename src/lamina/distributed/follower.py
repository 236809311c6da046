"""All ranks but the first: they do what rank 0 says, until it says that all is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.distributed.messages import receive
from lamina.distributed.rank_rows import Common, Own, RankRows, Stream
from lamina.distributed.rank_steps import RankSteps, plan_of_rank
from lamina.distributed.way import Way, measure
from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, TrainingPlan
from lamina.engine.program import Program
from lamina.errors import LostWorkerError

__all__ = ["How", "follow"]


class How(NamedTuple):
    """How executors are made; as in :class:`lamina.training.Trainer`."""

    dtype: str
    engine: str
    n_threads: int | None
    device: str


def follow(communicator: Communicator, rows_of: Callable[[Any], Batches | Own]) -> Any:
    """Take part in the trainings that rank 0 leads.

    Parameters
    ----------
    communicator : Communicator
    rows_of : callable
        From what rank 0 says of a training's rows to this rank's.

    Returns
    -------
    object
        What rank 0 says at the end.

    Raises
    ------
    LostWorkerError
        If the training failed on rank 0, or that has ended.
    """
    follower = _Follower(communicator, rows_of)
    try:
        while True:
            kind, *content = receive(communicator)
            if kind == "end":
                return content[0]
            if kind == "failed":
                raise LostWorkerError(f"Rank 0 ended the training: {content[0]}")
            getattr(follower, kind)(*content)
    finally:
        follower.finish()


class _Follower:
    """What a rank can be told to do: one method for each kind of message."""

    def __init__(self, communicator: Communicator, rows_of: Callable[[Any], Batches | Own]) -> None:
        self._communicator = communicator
        self._rows_of = rows_of
        self._rows: RankRows | None = None
        self._make: Callable[[Program], Executor]
        self._program: Program | None = None
        self._executor: Executor
        self._steps: RankSteps

    def begin(self, how: How, told: Any) -> None:
        """Get ready for a training."""
        self.finish()
        rows = self._rows_of(told)
        if isinstance(rows, Batches):
            self._rows = Common(rows)
        else:
            self._rows = Stream(rows)
        self._make, self._program = partial(make_executor, **how._asdict()), None

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
        assert self._rows is not None
        measure(self._executor, self._communicator, self._rows.sample(), batch_size)

    def train(self, told: Any, *given: Any) -> None:
        assert self._rows is not None
        rows = self._rows.next(told, self._communicator.rank, self._communicator.size)
        self._steps.train(rows, *given)

    def finish(self) -> None:
        """Leave the rows of a training that is over."""
        if self._rows is not None:
            self._rows.close()
        self._rows = None
