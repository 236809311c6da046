"""Rank 0 leads: it decides what is done, and the others do it with it.

Early stopping, schedules that watch, validation rows, checkpoints, Ctrl-C: all of it happens on rank 0, in the trainer, as in a
training of one process. The others know nothing of it. So ranks cannot come to different decisions.
"""

from __future__ import annotations

import numpy as np

from lamina.distributed.checks import check_whole
from lamina.distributed.group import Group
from lamina.distributed.messages import send
from lamina.distributed.rank_steps import RankSteps, plan_of_rank
from lamina.distributed.way import Way
from lamina.engine.executor import Executor, Snapshot
from lamina.engine.plan import Batches, StepValues, TrainingPlan, TrainingResult
from lamina.errors import LostWorkerError

__all__ = ["Leader"]


class Leader:
    """The stepper of rank 0: tells the others the steps, and takes them with them.

    Parameters
    ----------
    executor : Executor
        The trainer's, configured with ``plan``.
    plan : TrainingPlan
    group : Group
    way : Way
    num_rows : int
        Of the rows that the others have.
    """

    def __init__(self, executor: Executor, plan: TrainingPlan, group: Group, way: Way, num_rows: int) -> None:
        self._executor = executor
        self._plan = plan
        self._group = group
        self._way = way
        self._num_rows = num_rows
        self._steps: RankSteps | None = None
        self._known: Snapshot | None = None  # what all ranks hold
        self._present = np.empty(executor.program.num_parameters, executor.dtype)

    @property
    def steps_a_round(self) -> int:
        """How many steps belong together: a call of ``train`` should be of a multiple."""
        return self._way.every

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """As :meth:`lamina.engine.executor.Executor.train`; if a rank is lost and can be replaced, these steps begin anew."""
        check_whole(data, self._num_rows)
        self._keep()
        while True:
            try:
                steps = self._share_all()
                send(self._group.communicator, ("train", _packed(order, self._num_rows), batch_size, first_step, values))
                result = steps.train(data, order, batch_size, first_step, values)
            except LostWorkerError as error:
                self._group.renew(error)
                assert self._known is not None
                self._executor.restore(*self._known)
                self._steps = None
                continue
            self._executor.copy_into(*self._known)  # type: ignore[misc]
            return result

    def evaluate(self, data: Batches) -> np.ndarray:
        """As :meth:`lamina.engine.executor.Executor.evaluate`, by rank 0 alone."""
        return self._executor.evaluate(data)

    def _keep(self) -> None:
        """Know what the executor holds; if a callback changed the weights since, the others must be told."""
        self._executor.copy_into(self._present)
        if self._known is None or not np.array_equal(self._present, self._known.parameters, equal_nan=True):
            self._known, self._steps = self._executor.snapshot(), None

    def _share_all(self) -> RankSteps:
        """Tell the others how to train and from where, if they do not know it."""
        if self._steps is None:
            assert self._known is not None
            communicator = self._group.communicator
            send(communicator, ("configure", self._executor.program, self._plan, self._way))
            send(communicator, ("weights", [part.shape for part in self._known]))
            for part in filter(np.size, self._known):
                communicator.broadcast(part)
            self._executor.configure(plan_of_rank(self._plan, 0, self._way))
            self._executor.restore(*self._known)
            self._steps = RankSteps(self._executor, communicator, self._way, self._plan.record_norms)
        return self._steps


def _packed(order: np.ndarray, num_rows: int) -> np.ndarray:
    """Row numbers in half of the bytes, where they fit: the orders of short epochs are as long as their weights."""
    return order.astype(np.int32) if num_rows < 2**31 else order
