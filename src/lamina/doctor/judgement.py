"""How well a trained model does on rows: the score by which cures are chosen and judged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.doctor.outcome import largest_errors, row_errors, row_log_losses
from lamina.doctor.patients import Patient
from lamina.doctor.rows import balanced_weights

__all__ = ["SCORES", "judge", "score_for", "sureness"]

#: The scores of labels and of numbers; larger is better.
SCORES = ("accuracy", "balanced_accuracy", "log_likelihood", "r2", "d2_absolute_error", "d2_pinball")
#: The findings that make a model too sure, or not sure enough, before they cost accuracy.
_OF_CERTAINTY = ("overfitting", "stopped_too_late", "wrong_output_activation")
_LEAST_SURENESS = -3.0
_LEAST_R2 = -1.0  # how bad a useless model is does not matter, and must not hide a spread


def score_for(patient: Patient, findings: tuple[str, ...], *, is_behind: bool) -> str:
    """The score that suffers from what was found.

    Classes that are ignored, and a certainty that is wrong, leave the accuracy as it is. Outliers from which a loss suffers would
    decide R², too, and it does not judge a quantile that is far from the mean.
    """
    if patient.level is not None:
        return "d2_pinball"
    if not patient.learns_labels:
        return "d2_absolute_error" if "wrong_loss" in findings else "r2"
    if "imbalance_ignored" in findings or patient.weighs_classes:
        return "balanced_accuracy"
    is_of_certainty = bool(findings) and findings[0] in _OF_CERTAINTY
    return "log_likelihood" if is_of_certainty or not is_behind else "accuracy"


def judge(patient: Patient, model: Any, X: Any, y: np.ndarray, score: str, *, level: float | None = None) -> np.ndarray:
    """How right the model is about each row, so that the mean is the score; −infinity where there is no model.

    ``level`` is the quantile that was to be predicted, of the score "d2_pinball".

    Returns
    -------
    ndarray of shape (n,)
    """
    if model is None:
        return np.full(len(y), -math.inf)
    if score == "log_likelihood":
        known = patient.probabilities(model, X)
        if known is not None:
            return -row_log_losses(y, *known)
    if score == "d2_absolute_error":
        return _at_least(_absolute_d2(y, patient.predict(model, X)))
    with np.errstate(all="ignore"):
        right = 1.0 - row_errors(y, patient.predict(model, X), of_labels=patient.learns_labels, level=level)
    if score == "balanced_accuracy":
        return np.asarray(right * balanced_weights(y))
    return _at_least(right) if score in ("r2", "d2_pinball") else right


def sureness(patient: Patient, model: Any, X: Any, y: np.ndarray) -> float:
    """The mean log-likelihood of labels, each at least −3; 0 where there are no probabilities."""
    known = None if model is None else patient.probabilities(model, X)
    return 0.0 if known is None else float(np.maximum(-row_log_losses(y, *known), _LEAST_SURENESS).mean())


def _at_least(values: np.ndarray) -> np.ndarray:
    mean = float(np.nan_to_num(values, nan=-math.inf).mean())
    return values if mean > _LEAST_R2 else np.full(len(values), _LEAST_R2)


def _absolute_d2(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """1 less the absolute error relative to that of the median, whose mean is scikit-learn's D²; no single row decides."""
    truth, predicted = y.reshape(len(y), -1).astype(float), predicted.reshape(len(y), -1).astype(float)
    most = largest_errors(truth)
    scale = np.minimum(np.abs(truth - np.median(truth, axis=0)), most).mean(axis=0)
    with np.errstate(all="ignore"):
        errors = np.fmin(np.abs(truth - predicted), most)
        return np.asarray(1.0 - (errors / np.where(scale > 0, scale, 1.0)).mean(axis=1))
