"""The two ways to work together, what each costs, and the choice between them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.distributed.shares import share
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches

__all__ = ["Timing", "Way", "chosen_way", "measure"]

_REPEATS = 5
#: The share of the time that reductions may take where weights are averaged.
_MOST_COMMUNICATION = 0.05


class Way(NamedTuple):
    """How often the ranks exchange what they learned.

    Attributes
    ----------
    every : int
        1: every step follows the gradient of the whole batch ("synchronous"). More: each rank takes so many steps of its own
        between two averages of the weights ("averaging").

    Examples
    --------
    >>> print(Way(1)), print(Way(20))
    synchronous steps
    averaging every 20 steps
    (None, None)
    """

    every: int = 1

    @property
    def is_synchronous(self) -> bool:
        return self.every == 1

    def __str__(self) -> str:
        return "synchronous steps" if self.is_synchronous else f"averaging every {self.every} steps"


class Timing(NamedTuple):
    """Medians of seconds, on rank 0.

    Attributes
    ----------
    step_s : float
        Of a rank's own part of a step.
    reduction_s : float
        To add up the gradients of all ranks.
    average_s : float
        To add up their weights, and the optimizer's memory of them.
    """

    step_s: float
    reduction_s: float
    average_s: float


def measure(executor: Executor, communicator: Communicator, data: Batches, batch_size: int) -> Timing:
    """Measure a step and the reductions; all ranks call it together, and nothing changes.

    Parameters
    ----------
    executor : Executor
        Configured.
    communicator : Communicator
    data : Batches
    batch_size : int
        Rows of all ranks together.
    """
    before = executor.snapshot()
    batch = np.arange(min(batch_size, data.num_rows), dtype=np.int64)
    mine = batch[share(len(batch), communicator.rank, communicator.size)]

    def step() -> None:
        if len(mine):
            executor.update(executor.gradient(data, mine, 0), 0, 0.0)

    try:
        step_s = _median_time(step, communicator)
    finally:
        executor.restore(*before)
    sizes = before.parameters.size, sum(part.size for part in before)
    reductions = [_median_time(partial(communicator.all_reduce, np.zeros(n, executor.dtype)), communicator) for n in sizes]
    return Timing(step_s, *reductions)


def chosen_way(timing: Timing, steps_an_epoch: int) -> Way:
    """Synchronous steps, unless a reduction takes longer than the step that it follows.

    Then weights are averaged, as rarely as lets reductions take a twentieth of the time, and at least once an epoch.

    >>> chosen_way(Timing(0.01, 0.004, 0.012), 100).every, chosen_way(Timing(0.0001, 0.0004, 0.0005), 1000).every
    (1, 100)
    """
    if timing.reduction_s <= timing.step_s or steps_an_epoch < 2:
        return Way(1)
    every = math.ceil(timing.average_s / (_MOST_COMMUNICATION * timing.step_s))
    return Way(min(max(2, every), steps_an_epoch))


def _median_time(function: Callable[[], None], communicator: Communicator) -> float:
    times = []
    for _ in range(1 + _REPEATS):  # the first one warms up
        communicator.barrier()
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))
