"""The metrics of a table model, and the best constant prediction to compare them with."""

from __future__ import annotations

import numpy as np

from lamina.metrics.registry import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS
from lamina.moments import mean_and_deviation

__all__ = ["constant_prediction", "label_metric", "number_metric", "report"]

_NUMBER_NAMES = ("r2", "mae", "rmse")
_OF_CLASS_ONE = ("precision", "recall", "f1")  # with two classes


def report(
    task: str, truth: np.ndarray, predicted: np.ndarray, num_classes: int | None = None, decided: np.ndarray | None = None
) -> dict[str, float]:
    """All metrics of a task that can be computed from ``predicted``.

    With two classes precision, recall, F1, AUC and average precision are those of the second class, else means over classes.

    Parameters
    ----------
    task : {"classification", "regression"}
    truth : ndarray of shape (n,)
        Class indices, or numbers; of several targets, numbers (n, targets).
    predicted : ndarray
        For classes, probabilities (n, classes), of which the largest decides, or class indices (n,); else numbers as ``truth``.
    num_classes : int, optional
        How many classes there are, if ``predicted`` holds indices; by default as many as they and ``truth`` show.
    decided : ndarray of shape (n,), optional
        Class indices, where not the largest probability decides.

    Examples
    --------
    >>> report("regression", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))["r2"]
    0.5
    """
    if task == "regression":
        return {name: number_metric(name, truth, predicted) for name in _NUMBER_NAMES}
    if predicted.ndim == 1:
        return _label_scores(truth, predicted, num_classes)
    scores = _label_scores(truth, predicted.argmax(axis=1) if decided is None else decided, predicted.shape[1])
    return scores | {name: metric(truth, predicted) for name, metric in PROBABILITY_METRICS.items()}


def number_metric(name: str, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None = None) -> float:
    """A metric of numbers; of several targets, the mean over them.

    Parameters
    ----------
    name : str
        A key of ``NUMBER_METRICS``.
    truth, predicted : ndarray of shape (n,) or (n, targets)
    weight : ndarray of shape (n,), optional

    Examples
    --------
    >>> number_metric("rmse", np.zeros((2, 2)), np.array([[1.0, 3.0], [1.0, 3.0]]))
    2.0
    """
    if truth.ndim == 1:
        return NUMBER_METRICS[name](truth, predicted, sample_weight=weight)
    columns = zip(truth.T, predicted.T, strict=True)
    return float(np.mean([NUMBER_METRICS[name](*column, sample_weight=weight) for column in columns]))


def label_metric(
    name: str, truth: np.ndarray, decided: np.ndarray, num_classes: int | None, weight: np.ndarray | None = None
) -> float:
    """A metric of labels; of two classes, precision, recall and F1 are those of the second.

    Parameters
    ----------
    name : str
        A key of ``LABEL_METRICS``.
    truth, decided : ndarray of shape (n,)
        Class indices.
    num_classes : int or None
        How many classes there are; None: as many as the indices show.
    weight : ndarray of shape (n,), optional

    Examples
    --------
    >>> label_metric("recall", np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    0.5
    """
    given = {"num_classes": num_classes} if name in _OF_CLASS_ONE else {}
    return LABEL_METRICS[name](truth, decided, sample_weight=weight, **given)


def _label_scores(truth: np.ndarray, decided: np.ndarray, num_classes: int | None) -> dict[str, float]:
    return {name: label_metric(name, truth, decided, num_classes) for name in LABEL_METRICS}


def constant_prediction(task: str, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """The best prediction without any features: the class frequencies (classes,), or the mean, of shape () or (targets,).

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
    return np.asarray(mean_and_deviation(truth, axis=0 if truth.ndim == 2 else None)[0])
