"""Metrics of predicted probabilities (n, classes) against class indices (n,).

scikit-learn's metrics reject data in which a class is missing, which happens with validation rows, and take long to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.metrics.given import class_numbers, shares, weights

__all__ = ["area_under_curve", "average_precision", "brier", "log_loss"]


def area_under_curve(truth: Any, probabilities: Any, sample_weight: Any = None) -> float:
    """Area under the ROC curve: the chance that a row of a class ranks above a row of another class; ties count one half.

    With two classes, the area of the second; with more, the mean over classes of one class against the rest. A class that
    ``truth`` lacks, or that is all of it, has no area and is left out; NaN if none has one, or if a probability is NaN.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    References
    ----------
    Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Examples
    --------
    >>> area_under_curve(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """

    def area(inside: np.ndarray, outside: np.ndarray) -> float | None:
        if not (inside.any() and outside.any()):
            return None
        below = np.cumsum(outside) - outside / 2
        return float(inside @ below / (inside.sum() * outside.sum()))

    return _mean_over_classes(area, truth, probabilities, sample_weight, owner="area_under_curve")


def average_precision(truth: Any, probabilities: Any, sample_weight: Any = None) -> float:
    """Mean precision over the rows of a class, each at the threshold that just includes it; a guess gives the class's share.

    That is the area under the curve of precision over recall, by steps. With two classes, that of the second; with more, the
    mean over classes of one class against the rest. A class that ``truth`` lacks is left out; NaN if none is left, or if a
    probability is NaN.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    References
    ----------
    Manning, Raghavan & Schütze, "Introduction to information retrieval", 2008, section 8.4.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]), 4)
    0.8333
    """

    def mean_precision(inside: np.ndarray, outside: np.ndarray) -> float | None:
        if not inside.any():
            return None
        found = np.cumsum(inside[::-1])  # from the highest threshold down
        chosen = found + np.cumsum(outside[::-1])
        return float(inside[::-1] @ (found / np.where(chosen > 0, chosen, 1)) / found[-1])

    return _mean_over_classes(mean_precision, truth, probabilities, sample_weight, owner="average_precision")


def _mean_over_classes(
    of_class: Callable[[np.ndarray, np.ndarray], float | None], truth: Any, probabilities: Any, sample_weight: Any, *, owner: str
) -> float:
    """The mean of ``of_class`` over the classes for which it is not None; of two classes, only the second is asked for.

    ``of_class`` is given the weights of the rows of the class and of the others, by ascending probability: (k,), (k,).
    """
    truth, probabilities = class_numbers(truth, probabilities, owner=owner)
    weight = weights(sample_weight, len(truth), owner=owner)
    if np.isnan(probabilities).any():
        return float("nan")
    num_classes = probabilities.shape[1]
    values = []
    for label in range(1, 2) if num_classes == 2 else range(num_classes):
        distinct, which = np.unique(probabilities[:, label], return_inverse=True)
        inside, outside = (np.bincount(which, weight * rows, len(distinct)) for rows in (truth == label, truth != label))
        if (value := of_class(inside, outside)) is not None:
            values.append(value)
    return float(np.mean(values)) if values else float("nan")


def log_loss(truth: Any, probabilities: Any, sample_weight: Any = None) -> float:
    """Mean of ``-log p(true class)``, where p is clipped to at least the machine epsilon.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Examples
    --------
    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    dtype = np.asarray(probabilities).dtype
    eps = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    truth, probabilities = shares(truth, probabilities, owner="log_loss")
    weight = weights(sample_weight, len(truth), owner="log_loss")
    of_class = probabilities[np.arange(len(truth)), truth]
    return float(-np.average(np.log(np.clip(of_class, eps, 1.0)), weights=weight))


def brier(truth: Any, probabilities: Any, sample_weight: Any = None) -> float:
    """Brier score: the mean squared distance of the probabilities from the true class (1 for it, 0 for the others).

    As in scikit-learn, half of that with two classes, which is ``mean (p(class 1) - t)^2`` and lies in [0, 1]; with more
    classes it is the sum over classes, in [0, 2], as Brier wrote it.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    References
    ----------
    Brier, "Verification of forecasts expressed in terms of probability", 1950.

    Examples
    --------
    >>> brier([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    0.25
    >>> brier([0, 1], [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    0.1875
    """
    truth, probabilities = shares(truth, probabilities, owner="brier")
    weight = weights(sample_weight, len(truth), owner="brier")
    num_classes = probabilities.shape[1]
    squares = ((probabilities - (truth[:, np.newaxis] == np.arange(num_classes))) ** 2).sum(axis=1)
    return float(np.average(squares, weights=weight) / (2 if num_classes == 2 else 1))
