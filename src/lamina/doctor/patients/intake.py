"""Monitors that also keep what a training starts from."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np

from lamina.engine.plan import Batches
from lamina.training import Monitor, Run, Trainer

__all__ = ["Intake", "RestartsIntake"]

_ROWS_OF_BLOCKS = 8192


class Intake(Monitor):
    """A monitor of a capacity that keeps the trainer, its rows and its first weights.

    Attributes
    ----------
    trainer : Trainer or None
        None until training begins.
    training : Batches
        All rows, or a sample of those that come in blocks.
    validation : Batches or None
    first_weights : (parameters, state)
    """

    def __init__(self, capacity: int = 128) -> None:
        super().__init__(capacity=capacity, sparing=False)
        self.trainer: Trainer | None = None
        self.training: Batches
        self.validation: Batches | None = None
        self.first_weights: tuple[np.ndarray, np.ndarray]

    def on_fit_begin(self, trainer: Run) -> None:
        self.trainer = cast(Trainer, trainer)
        rows = trainer.training_data
        # Of rows that come in blocks, some stand for all.
        self.training = self.trainer.draw_rows(_ROWS_OF_BLOCKS) if rows is None else rows
        self.validation = trainer.validation_data
        self.first_weights = trainer.executor.snapshot()[:2]
        super().on_fit_begin(trainer)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same one: an estimator that copies its callbacks must not take away what was seen."""
        return self


class RestartsIntake(Intake):
    """An intake of several restarts: each has a copy, and what that of the kept one saw is what is left."""

    def state(self) -> dict[str, Any]:
        return super().state() | {"seen": (self.trainer, self.training, self.validation, self.first_weights)}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.trainer, self.training, self.validation, self.first_weights = state["seen"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(self.capacity)
