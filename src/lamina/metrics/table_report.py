"""The metrics of a table model, and the best constant prediction to compare them with."""

from __future__ import annotations

import numpy as np

from lamina.metrics.registry import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS
from lamina.moments import mean_and_deviation

__all__ = ["constant_prediction", "report"]

_LABEL_NAMES = ("accuracy", "balanced_accuracy")  # not f1: with two classes it depends on their order


def report(task: str, truth: np.ndarray, predicted: np.ndarray, decided: np.ndarray | None = None) -> dict[str, float]:
    """All metrics of a task that can be computed from ``predicted``.

    Parameters
    ----------
    task : {"classification", "regression"}
    truth : ndarray of shape (n,)
        Class indices, or numbers.
    predicted : ndarray
        For classes, probabilities (n, classes), of which the largest decides, or class indices (n,); else numbers (n,).
    decided : ndarray of shape (n,), optional
        Class indices, where not the largest probability decides.

    Examples
    --------
    >>> report("regression", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))["r2"]
    0.5
    """
    if task == "regression":
        return {name: metric(truth, predicted) for name, metric in NUMBER_METRICS.items()}
    if decided is None:
        decided = predicted if predicted.ndim == 1 else predicted.argmax(axis=1)
    scores = {name: LABEL_METRICS[name](truth[:, np.newaxis], decided[:, np.newaxis]) for name in _LABEL_NAMES}
    if predicted.ndim > 1:
        scores |= {name: metric(truth, predicted) for name, metric in PROBABILITY_METRICS.items()}
    return scores


def constant_prediction(task: str, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """The best prediction without any features: the class frequencies (classes,), or the mean as an array of shape ().

    Parameters
    ----------
    task : {"classification", "regression"}
    truth : ndarray of shape (n,)
        Class indices, or numbers.
    num_classes : int
        Not used for regression.

    Examples
    --------
    >>> constant_prediction("classification", np.array([0, 0, 1, 0]), 3).tolist()
    [0.75, 0.25, 0.0]
    """
    if task == "classification":
        return np.bincount(truth, minlength=num_classes) / len(truth)
    return np.asarray(mean_and_deviation(truth)[0])
