"""Metrics of predicted probabilities (n, classes) against class indices (n,).

scikit-learn's metrics reject data in which a class is missing, which happens with validation rows, and take long to import.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.metrics.given import class_numbers

__all__ = ["area_under_curve", "log_loss"]


def area_under_curve(truth: Any, probabilities: Any) -> float:
    """Area under the ROC curve: the chance that a row of a class ranks above a row of another class; ties count one half.

    With two classes, the area of the second; with more, the mean over classes of one class against the rest. A class that
    ``truth`` lacks, or that is all of it, has no area and is left out; NaN if none has one, or if a probability is NaN.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)

    References
    ----------
    Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Examples
    --------
    >>> area_under_curve(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    truth, probabilities = class_numbers(truth, probabilities, owner="area_under_curve")
    if np.isnan(probabilities).any():
        return float("nan")
    num_classes = probabilities.shape[1]
    areas = []
    for label in range(1, 2) if num_classes == 2 else range(num_classes):
        inside = truth == label
        num_inside, num_outside = int(inside.sum()), int((~inside).sum())
        if num_inside and num_outside:
            rank_sum = _ranks(probabilities[:, label])[inside].sum()
            areas.append((rank_sum - num_inside * (num_inside + 1) / 2) / (num_inside * num_outside))
    return float(np.mean(areas)) if areas else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 for the smallest; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return ranks


def log_loss(truth: Any, probabilities: Any) -> float:
    """Mean of ``-log p(true class)``, where p is clipped to at least the machine epsilon.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices.
    probabilities : array-like of shape (n, classes)

    Examples
    --------
    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    dtype = np.asarray(probabilities).dtype
    eps = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    truth, probabilities = class_numbers(truth, probabilities, owner="log_loss")
    of_class = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(of_class, eps, 1.0)).mean())
