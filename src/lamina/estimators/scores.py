"""The two scores that early stopping watches, computed on plain arrays: an epoch must not pay for validating its own predictions.

They equal :func:`sklearn.metrics.accuracy_score` and :func:`sklearn.metrics.r2_score`.
"""

from __future__ import annotations

import numpy as np

__all__ = ["accuracy", "r_squared"]


def accuracy(truth: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The (weighted) share of rows of ``predicted`` (n, k) that equal those of ``truth`` in every column.

    >>> accuracy(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]]))
    0.75
    """
    return float(np.average((truth == predicted).all(axis=1), weights=sample_weight))


def r_squared(truth: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The coefficient of determination, ``1 - sum w (t - p)^2 / sum w (t - mean t)^2``, averaged over the columns of (n, k).

    A column that is constant scores 1 when it is predicted exactly and 0 otherwise. NaN when a prediction is not finite.

    >>> r_squared(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]))
    0.5
    """
    if not np.isfinite(predicted).all():
        return float("nan")
    truth, predicted = truth.astype(np.float64), predicted.astype(np.float64)
    weight = np.ones((len(truth), 1)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)[:, np.newaxis]
    unexplained = (weight * (truth - predicted) ** 2).sum(axis=0)
    total = (weight * (truth - np.average(truth, axis=0, weights=weight[:, 0])) ** 2).sum(axis=0)
    constant = total == 0
    explained = 1 - unexplained / np.where(constant, 1, total)
    return float(np.where(constant, unexplained == 0, explained).mean())
