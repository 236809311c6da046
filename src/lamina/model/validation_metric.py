"""Callback that records validation accuracy or R2 after every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.metrics import accuracy, r2
from lamina.training import Callback

if TYPE_CHECKING:
    from lamina.training import Trainer

__all__ = ["ValidationMetric"]


class ValidationMetric(Callback):
    """Adds ``validation_accuracy`` or ``validation_r2`` to the record of every epoch, for the progress bar and the history.

    Parameters
    ----------
    task : {"classification", "regression"}
        Accuracy for classification, R2 for regression.
    X : ndarray of shape (n, features)
        Validation rows.
    y : ndarray of shape (n,)
        Class indices, or numbers on the scale of the network's predictions.
    column : int, default=0
        Column of the network's predictions to use for regression.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    """

    def __init__(self, task: str, X: np.ndarray, y: np.ndarray, column: int = 0, weight: np.ndarray | None = None) -> None:
        self.task = task
        self.column = column
        self.X = X
        self.y = y
        self.weight = weight

    def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:  # type: ignore[override]
        if self.task == "classification":
            logits = np.asarray(trainer.predict_logits(self.X))
            # A single logit above the loss's threshold means the second of two classes.
            chosen = logits > trainer.losses[0].threshold if logits.shape[1] == 1 else logits.argmax(axis=1)[:, np.newaxis]
            record["validation_accuracy"] = accuracy(self.y[:, np.newaxis], chosen, self.weight)
        else:
            prediction = np.asarray(trainer.predict(self.X))[:, self.column]
            record["validation_r2"] = r2(self.y, prediction, self.weight)
