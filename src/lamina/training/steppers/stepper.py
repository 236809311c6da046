"""The interface of all steppers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engine.plan import Batches, StepValues, TrainingResult

__all__ = ["Stepper"]


class Stepper(Protocol):
    """Takes training steps and evaluates losses: an executor, or a layer on top of one."""

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """See :class:`lamina.engine.executor.Executor`."""

    def evaluate(self, data: Batches) -> np.ndarray:
        """See :class:`lamina.engine.executor.Executor`."""
