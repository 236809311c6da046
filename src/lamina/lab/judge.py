"""How good a network is on the rows that it does not learn from."""

from __future__ import annotations

import numpy as np

from lamina.lab.experiment import Experiment
from lamina.losses.row_losses import row_losses

__all__ = ["Judge"]


class Judge:
    """Measures the loss and the metric of an experiment's validation rows, in one forward pass.

    >>> from lamina.lab import LabState, build, rows_of
    >>> experiment = build(LabState(), rows_of(LabState()))
    >>> sorted(Judge(experiment).measure())
    ['loss', 'metric']
    """

    def __init__(self, experiment: Experiment) -> None:
        self._trainer, self._rows, self._loss = experiment.trainer, experiment.rows, experiment.loss
        (self._target,) = self._trainer.batches(self._rows.X_val, experiment.y_val).targets

    def measure(self) -> dict[str, float]:
        """``loss``, without penalties, and ``metric``: the share of rows that are right, or R² of numbers."""
        logits = np.asarray(self._trainer.predict_logits(self._rows.X_val), dtype=np.float64)
        return {"loss": float(row_losses(self._loss, logits, self._target).mean()), "metric": self._metric(logits)}

    def _metric(self, logits: np.ndarray) -> float:
        rows = self._rows
        if rows.classes:
            labels = logits.argmax(axis=1) if rows.num_outputs > 1 else logits[:, 0] > self._loss.threshold
            return float((labels == rows.y_val).mean())
        with np.errstate(all="ignore"):  # a run may grow beyond all numbers, and the target may be the same in all rows
            return float(1 - ((logits[:, 0] - rows.y_val) ** 2).sum() / ((rows.y_val - rows.y_val.mean()) ** 2).sum())
