"""How well a trained model does on rows: the score by which cures are chosen and judged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.doctor.outcome import row_errors
from lamina.doctor.patients import Patient

__all__ = ["SCORES", "judge", "score_for"]

#: The scores of labels and of numbers; larger is better.
SCORES = ("accuracy", "balanced_accuracy", "log_likelihood", "r2")
_LEAST_LOG_LIKELIHOOD = -10.0  # of a row, so that no single one decides
_LEAST_R2 = -1.0  # how bad a useless model is does not matter, and must not hide a spread


def score_for(findings: tuple[str, ...], *, of_labels: bool) -> str:
    """The score that suffers from what was found: classes that are ignored and certainty that is wrong leave accuracy as it is.

    >>> score_for(("imbalance_ignored",), of_labels=True), score_for(("stalled",), of_labels=False)
    ('balanced_accuracy', 'r2')
    """
    if not of_labels:
        return "r2"
    if "imbalance_ignored" in findings:
        return "balanced_accuracy"
    return "log_likelihood" if findings and findings[0] in ("overfitting", "stopped_too_late") else "accuracy"


def judge(patient: Patient, model: Any, X: Any, y: np.ndarray, score: str) -> np.ndarray:
    """How right the model is about each row, so that the mean is the score; −infinity where there is no model.

    Returns
    -------
    ndarray of shape (n,)
    """
    if model is None:
        return np.full(len(y), -math.inf)
    if score == "log_likelihood":
        known = patient.probabilities(model, X)
        if known is not None:
            return _log_likelihoods(y, *known)
    with np.errstate(all="ignore"):
        right = 1.0 - row_errors(y, patient.predict(model, X), of_labels=patient.learns_labels)
    if score == "balanced_accuracy":
        classes, place, counts = np.unique(y, return_inverse=True, return_counts=True)
        return np.asarray(right * (len(y) / (len(classes) * counts))[place.ravel()])
    if score == "r2":
        mean = float(np.nan_to_num(right, nan=-math.inf).mean())
        return right if mean > _LEAST_R2 else np.full(len(y), _LEAST_R2)
    return right


def _log_likelihoods(y: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The logarithm of the probability of each row's class, at least −10; a class that was never seen has none."""
    place = np.searchsorted(classes, y.ravel()).clip(max=len(classes) - 1)
    of_truth = np.where(classes[place] == y.ravel(), probabilities[np.arange(len(y)), place], 0.0)
    with np.errstate(all="ignore"):
        return np.asarray(np.fmax(np.log(np.nan_to_num(of_truth)), _LEAST_LOG_LIKELIHOOD))
