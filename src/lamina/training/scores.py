"""The scores that early stopping watches and perturbed weights improve, on plain arrays that nobody has to check again.

They equal scikit-learn's ``accuracy_score``, ``f1_score`` and ``r2_score``.
"""

from __future__ import annotations

import numpy as np

from lamina.moments import common_exponent

__all__ = ["accuracy", "f1", "r2"]


def accuracy(truth: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The (weighted) share of rows of ``predicted`` (n, k) that equal those of ``truth`` in every column.

    >>> accuracy(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]]))
    0.75
    """
    return float(np.average((truth == predicted).all(axis=1), weights=sample_weight))


def f1(truth: np.ndarray, decided: np.ndarray) -> float:
    """``2 tp / (2 tp + fp + fn)``: of class 1 where there are but the classes 0 and 1, else the mean over classes (or columns).

    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    >>> round(f1(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]])), 3)
    0.667
    """
    if truth.shape[1] > 1:
        return float(np.mean([f1(truth[:, [j]], decided[:, [j]]) for j in range(truth.shape[1])]))
    present = np.union1d(truth, decided)
    classes = [1] if np.isin(present, (0, 1)).all() else present
    hits = [2 * ((truth == c) & (decided == c)).sum() / max(1, (truth == c).sum() + (decided == c).sum()) for c in classes]
    return float(np.mean(hits))


def r2(truth: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The coefficient of determination, ``1 - sum w (t - p)^2 / sum w (t - mean t)^2``, averaged over the columns of (n, k).

    A column that is constant scores 1 when it is predicted exactly and 0 otherwise. NaN when a prediction is not finite; −inf
    where predictions are so far off that the quotient is no float.

    >>> r2(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]))
    0.5
    """
    if not np.isfinite(predicted).all():
        return float("nan")
    truth, predicted = truth.astype(np.float64), predicted.astype(np.float64)
    weight = np.ones((len(truth), 1)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)[:, np.newaxis]
    # Errors and targets each by an exponent of their own: errors may be so large that targets beside them would vanish.
    of_errors, of_truth = common_exponent(truth, predicted, axis=0), common_exponent(truth, axis=0)
    errors, truth = np.ldexp(truth, -of_errors) - np.ldexp(predicted, -of_errors), np.ldexp(truth, -of_truth)
    unexplained = (weight * errors**2).sum(axis=0)
    total = (weight * (truth - np.average(truth, axis=0, weights=weight[:, 0])) ** 2).sum(axis=0)
    constant = total == 0
    with np.errstate(over="ignore"):
        explained = 1 - np.ldexp(unexplained / np.where(constant, 1, total), 2 * (of_errors - of_truth))
    return float(np.where(constant, unexplained == 0, explained).mean())
