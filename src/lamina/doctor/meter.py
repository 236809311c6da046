"""Counts what trainings cost, without a clock."""

from __future__ import annotations

from typing import Any, Self

from lamina.training import Callback, Run

__all__ = ["Meter"]


class Meter(Callback):
    """Adds up the trainings that it watches, and their rows times epochs.

    Attributes
    ----------
    trainings, row_epochs : int
    """

    def __init__(self) -> None:
        self.trainings = 0
        self.row_epochs = 0
        self._rows = self._epoch = 0

    def on_fit_begin(self, trainer: Run) -> None:
        assert trainer.training_data is not None
        self._rows, self._epoch = trainer.training_data.num_rows, trainer.epoch

    def on_fit_end(self, trainer: Run) -> None:
        self.trainings += 1
        self.row_epochs += self._rows * (trainer.epoch - self._epoch)

    def epochs_ahead(self, trainer: Run) -> float:
        return float("inf")

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same one: an estimator that copies its callbacks must not take away what was counted."""
        return self
