"""Callback that records a metric of the validation rows after every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, label_metric, number_metric
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.model.target_scale import LinearScale, TargetScale
from lamina.training import Callback
from lamina.validation import check_parameters, choice

if TYPE_CHECKING:
    from lamina.losses import Loss
    from lamina.training import Trainer

__all__ = ["USUAL", "JudgedRows", "ValidationMetric", "check_metric"]

USUAL = {"classification": "accuracy", "regression": "r2"}
"""The metric that is always recorded, for people to read."""


class JudgedRows(NamedTuple):
    """Validation rows.

    Parameters
    ----------
    X : ndarray of shape (n, features)
    y : ndarray of shape (n,), or (n, targets) for several targets
        Class indices, or numbers on the scale of the network's predictions.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    column : int or slice, default=0
        Column, or columns, of the network's predictions to use for regression.
    scale : TargetScale, default=LinearScale()
        The target is ``scale.inverse(y)``.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None = None
    column: int | slice = 0
    scale: TargetScale = LinearScale()


class ValidationMetric(Callback):
    """Adds ``validation_<name>`` to the record of every epoch, for the progress bar, the history and early stopping.

    Parameters
    ----------
    name : str
        A metric of labels, probabilities or numbers; see :mod:`lamina.metrics`.
    rows : JudgedRows
    """

    def __init__(self, name: str, rows: JudgedRows) -> None:
        self.name = name
        self.rows = rows

    def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:  # type: ignore[override]
        record[f"validation_{self.name}"] = self.measured(trainer)

    def measured(self, trainer: Trainer) -> float:
        """The metric of the trainer's present weights."""
        return self.of(np.asarray(trainer.predict_logits(self.rows.X)), trainer.losses[0])

    def of(self, logits: np.ndarray, loss: Loss, chosen: Any = slice(None)) -> float:
        """The metric of the ``chosen`` rows, whose logits are given."""
        y, weight = self.rows.y[chosen], None if self.rows.weight is None else self.rows.weight[chosen]
        if self.name in PROBABILITY_METRICS:
            return PROBABILITY_METRICS[self.name](y, _probabilities(logits, loss), sample_weight=weight)
        if self.name in LABEL_METRICS:
            # A single logit above the loss's threshold means the second of two classes.
            is_single = logits.shape[1] == 1
            labels = (logits[:, 0] > loss.threshold).astype(np.int64) if is_single else logits.argmax(axis=1)
            return label_metric(self.name, y, labels, 2 if is_single else logits.shape[1], weight)
        prediction = np.asarray(loss.predict(logits))[:, self.rows.column].astype(np.float64)
        truth, predicted = (self.rows.scale.inverse(numbers) for numbers in (y.astype(np.float64), prediction))
        return number_metric(self.name, truth, predicted, weight)


def _probabilities(logits: np.ndarray, loss: Loss) -> np.ndarray:
    """Probabilities (n, classes)."""
    predicted = np.asarray(loss.predict(logits))
    if predicted.shape[1] == 1:
        return np.hstack([1 - predicted, predicted])
    return np.asarray(predicted / predicted.sum(axis=1, keepdims=True))


def check_metric(metric: str, model: TableModel, *, has_rows: bool) -> None:
    """Reject a metric of another task, one of probabilities that there are none of, and any without rows to measure it on.

    Raises
    ------
    InvalidSettingError
    """
    of_task = {"classification": (*LABEL_METRICS, *PROBABILITY_METRICS), "regression": tuple(NUMBER_METRICS)}
    known = choice(("loss", *of_task[model.target.task]))
    check_parameters({"eval_metric": metric}, {"eval_metric": known}, owner=OWNER)
    if metric != "loss" and not has_rows:
        rule, repair = "must be 'loss' without validation rows", "Give a validation share above 0."
        raise InvalidSettingError(phrase("eval_metric", rule, metric, repair=repair, owner=OWNER))
    if metric in PROBABILITY_METRICS and not model.has_probabilities:
        rule, repair = "must be 'loss' or a metric of labels with a loss that gives no probabilities", "Use accuracy."
        raise InvalidSettingError(phrase("eval_metric", rule, metric, repair=repair, owner=OWNER))
