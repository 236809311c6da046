"""The interface of all steppers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engine.plan import Batches, StepValues, TrainingResult

__all__ = ["SharedStepper", "Stepper"]


class Stepper(Protocol):
    """Takes training steps and evaluates losses: an executor, or a layer on top of one."""

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """See :class:`lamina.engine.executor.Executor`."""

    def evaluate(self, data: Batches) -> np.ndarray:
        """See :class:`lamina.engine.executor.Executor`."""


class SharedStepper(Stepper, Protocol):
    """A stepper that takes its steps together with other processes.

    ``steps_a_round``: how many steps belong together; calls of ``train`` are of a multiple, except before the end of an epoch and
    where a callback wants to be called.
    """

    @property
    def steps_a_round(self) -> int: ...
