"""Rank 0 leads: it decides what is done, and the others do it with it.

Early stopping, schedules that watch, validation rows, checkpoints, Ctrl-C: all of it happens on rank 0, in the trainer, as in a
training of one process. The others know nothing of it. So ranks cannot come to different decisions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.distributed.checks import check_whole
from lamina.distributed.follower import How
from lamina.distributed.group import Group
from lamina.distributed.messages import send
from lamina.distributed.next_rows import NextRows, OwnBatches, SharedOrder
from lamina.distributed.rank_rows import Place
from lamina.distributed.rank_steps import RankSteps, plan_of_rank
from lamina.distributed.way import Way
from lamina.engine.executor import Executor, Snapshot
from lamina.engine.plan import Batches, StepValues, TrainingPlan, TrainingResult
from lamina.errors import LostWorkerError

__all__ = ["Leader", "LeadersRows", "OwnStream", "WholeRows", "announce"]


class LeadersRows(ABC):
    """Which rows a call of the engine is about: those of rank 0, and what it tells the others."""

    @abstractmethod
    def told(self, order: np.ndarray, batch_size: int) -> tuple[Any, ...]:
        """What the others must know to have theirs."""

    @abstractmethod
    def of_leader(self, data: Batches, order: np.ndarray, batch_size: int, size: int) -> NextRows:
        """Those of rank 0, one of ``size``."""


class WholeRows(LeadersRows):
    """All ranks have all rows.

    Parameters
    ----------
    num_rows : int
    """

    def __init__(self, num_rows: int) -> None:
        self._num_rows = num_rows

    def told(self, order: np.ndarray, batch_size: int) -> tuple[Any, ...]:
        # half of the bytes, where they fit: the orders of short epochs are as long as their weights
        return order.astype(np.int32) if self._num_rows < 2**31 else order, batch_size

    def of_leader(self, data: Batches, order: np.ndarray, batch_size: int, size: int) -> NextRows:
        check_whole(data, self._num_rows)
        return SharedOrder(data, order, batch_size, 0, size)


class OwnStream(LeadersRows):
    """Each rank has a stream of its own; that of rank 0 is the trainer's.

    Parameters
    ----------
    place : callable
        Where the training is.
    batch_size : int
        Of all ranks together.
    """

    def __init__(self, place: Callable[[], Place], batch_size: int) -> None:
        self._place, self._batch_size = place, batch_size

    def told(self, order: np.ndarray, batch_size: int) -> tuple[Any, ...]:
        return self._place(), -(-len(order) // batch_size)

    def of_leader(self, data: Batches, order: np.ndarray, batch_size: int, size: int) -> NextRows:
        return OwnBatches(iter([(data, order, batch_size)]), -(-len(order) // batch_size), self._batch_size, 0)


def announce(group: Group, how: How) -> None:
    """Tell the others that a training begins, and what rows it has."""
    send(group.communicator, ("begin", how, group.told))


class Leader:
    """The stepper of rank 0: tells the others the steps, and takes them with them.

    Parameters
    ----------
    executor : Executor
        The trainer's, configured with ``plan``.
    plan : TrainingPlan
    group : Group
    way : Way
    how : How
    rows : LeadersRows
    """

    def __init__(self, executor: Executor, plan: TrainingPlan, group: Group, way: Way, how: How, rows: LeadersRows) -> None:
        self._executor = executor
        self._plan = plan
        self._group = group
        self._way = way
        self._how = how
        self._rows = rows
        self._begins = False  # whether the others have been replaced, and know nothing
        self._steps: RankSteps | None = None
        self._known: Snapshot | None = None  # what all ranks hold
        self._present = np.empty(executor.program.num_parameters, executor.dtype)

    @property
    def steps_a_round(self) -> int:
        """How many steps belong together: a call of ``train`` should be of a multiple."""
        return self._way.every

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """As :meth:`lamina.engine.executor.Executor.train`; if a rank is lost and can be replaced, these steps begin anew."""
        self._keep()
        while True:
            mine = self._rows.of_leader(data, order, batch_size, self._group.communicator.size)
            try:
                steps = self._share_all()
                send(self._group.communicator, ("train", self._rows.told(order, batch_size), first_step, values))
                result = steps.train(mine, first_step, values)
            except LostWorkerError as error:
                self._group.renew(error)
                assert self._known is not None
                self._executor.restore(*self._known)
                self._steps, self._begins = None, True
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
            if self._begins:
                announce(self._group, self._how)
                self._begins = False
            send(communicator, ("configure", self._executor.program, self._plan, self._way))
            send(communicator, ("weights", [part.shape for part in self._known]))
            for part in filter(np.size, self._known):
                communicator.broadcast(part)
            self._executor.configure(plan_of_rank(self._plan, 0, self._way))
            self._executor.restore(*self._known)
            self._steps = RankSteps(self._executor, communicator, self._way, self._plan.record_norms)
        return self._steps
