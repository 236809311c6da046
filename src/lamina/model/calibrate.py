"""After a training: what its validation rows say of how far its predictions are to be trusted."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from lamina.estimators.fitted import meaning_of_logits
from lamina.model.class_calibration import ClassCalibration
from lamina.model.difficulty import Difficulty
from lamina.model.number_calibration import NumberCalibration
from lamina.model.out_of_fold import OutOfFold
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Part
from lamina.model.table_settings import RunSettings

__all__ = ["Calibrating", "calibration_of"]

Calibrating: TypeAlias = tuple[Any, Part]
"""The features of rows, and the rows."""


def calibration_of(
    model: TableModel, kept: OutOfFold | None, training: Calibrating, judging: Calibrating | None, run: RunSettings
) -> ClassCalibration | NumberCalibration | None:
    """What is learned of validation rows, each predicted by the epoch that others chose; None where there is nothing to learn.

    Parameters
    ----------
    model : TableModel
        As it was trained.
    kept : OutOfFold or None
    training, judging : tuple of features and rows
    run : RunSettings
    """
    if kept is None or judging is None or not np.isfinite(kept.logits).all():
        return None
    X, rows = judging
    X, y = X[kept.rows], rows.y[kept.rows]
    if model.target.task == "classification":
        classifier: Any = model.estimator
        return ClassCalibration.learn(classifier, kept.logits, y, kept.folds, kept.weight) if model.has_probabilities else None
    truth, centers = _on_scale(model, y), model.centers(meaning_of_logits(model.estimator, kept.logits))
    if not np.isfinite(truth).all():
        return None
    features, taught = training
    centers_of_training = model.centers(model.estimator.predict(features))
    learned = Difficulty.learn(features, centers_of_training, _on_scale(model, taught.y), run, model.encoder.cardinalities)
    return NumberCalibration.learn(X, centers, truth, kept.folds, learned)


def _on_scale(model: TableModel, y: np.ndarray) -> np.ndarray:
    """Targets as the network learns them, (n, targets)."""
    return model.scale.forward(y).reshape(len(y), -1)
