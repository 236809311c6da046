"""Metrics of predicted numbers; values are scaled before they are squared, so that squares neither overflow nor underflow.

scikit-learn's metrics do not do that and take long to import; for ordinary numbers these give the same results.
"""

from __future__ import annotations

import numpy as np

from lamina.moments import common_exponent

__all__ = ["mean_absolute_error", "r2", "root_mean_squared_error"]


def r2(truth: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The coefficient of determination, ``1 - sum w (t - p)^2 / sum w (t - mean t)^2``; the mean over columns.

    A constant column scores 1 if it is predicted exactly and 0 otherwise. NaN if a prediction is not finite; −inf if predictions
    are so far off that the quotient overflows.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n,) or (n, k)
    sample_weight : ndarray of shape (n,), optional
        >= 0.

    Examples
    --------
    >>> r2(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]))
    0.5
    """
    if not np.isfinite(predicted).all():
        return float("nan")
    truth, predicted = (array.reshape(len(array), -1).astype(np.float64) for array in (truth, predicted))
    weight = np.ones((len(truth), 1)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)[:, np.newaxis]
    # Errors and targets are scaled by different exponents: errors may be so large that targets would underflow beside them.
    of_errors, of_truth = common_exponent(truth, predicted, axis=0), common_exponent(truth, axis=0)
    errors, truth = np.ldexp(truth, -of_errors) - np.ldexp(predicted, -of_errors), np.ldexp(truth, -of_truth)
    unexplained = (weight * errors**2).sum(axis=0)
    total = (weight * (truth - np.average(truth, axis=0, weights=weight[:, 0])) ** 2).sum(axis=0)
    # Rounding may make the mean of equal numbers differ from them.
    constant = (total == 0) | (truth.min(axis=0) == truth.max(axis=0))
    with np.errstate(over="ignore"):
        explained = 1 - np.ldexp(unexplained / np.where(constant, 1, total), 2 * (of_errors - of_truth))
    return float(np.where(constant, unexplained == 0, explained).mean())


def mean_absolute_error(truth: np.ndarray, predicted: np.ndarray) -> float:
    """``mean |t - p|``.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n,) or (n, k)

    Examples
    --------
    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return float(np.abs(truth - predicted).mean())


def root_mean_squared_error(truth: np.ndarray, predicted: np.ndarray) -> float:
    """``sqrt(mean (t - p)^2)``.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n,) or (n, k)

    Examples
    --------
    >>> root_mean_squared_error(np.array([1.0, 2.0]), np.array([4.0, 5.0]))
    3.0
    """
    exponent = common_exponent(truth, predicted)
    squares = np.ldexp(truth - predicted, -exponent) ** 2
    return float(np.ldexp(np.sqrt(squares.mean()), exponent))
