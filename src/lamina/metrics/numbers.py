"""Metrics of predicted numbers; values are scaled before they are squared, so that squares neither overflow nor underflow.

scikit-learn's metrics do not do that and take long to import; for ordinary numbers these give the same results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.metrics.given import numbers, weights
from lamina.moments import common_exponent
from lamina.validation import check_parameters, number, one_of, sequence_of

__all__ = ["mean_absolute_error", "pinball", "r2", "root_mean_squared_error"]


def r2(truth: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The coefficient of determination, ``1 - sum w (t - p)^2 / sum w (t - mean t)^2``; the mean over columns.

    A constant column scores 1 if it is predicted exactly and 0 otherwise. NaN if a prediction is not finite; −inf if predictions
    are so far off that the quotient overflows.

    Parameters
    ----------
    truth, predicted : array-like of shape (n,) or (n, k)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Examples
    --------
    >>> r2(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]))
    0.5
    """
    truth, predicted = numbers(truth, predicted, owner="r2")
    weight = weights(sample_weight, len(truth), owner="r2")[:, np.newaxis]
    if not np.isfinite(predicted).all():
        return float("nan")
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


def mean_absolute_error(truth: Any, predicted: Any, sample_weight: Any = None) -> float:
    """``mean |t - p|``, over all numbers.

    Parameters
    ----------
    truth, predicted : array-like of shape (n,) or (n, k)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Examples
    --------
    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    truth, predicted = numbers(truth, predicted, owner="mean_absolute_error")
    weight = weights(sample_weight, len(truth), owner="mean_absolute_error")
    return float(np.average(np.abs(truth - predicted), axis=0, weights=weight).mean())


def pinball(truth: Any, predicted: Any, level: float | Sequence[float] = 0.5, sample_weight: Any = None) -> float:
    """``mean max(q (t - p), (q - 1) (t - p))`` with q = ``level``, over all numbers: smallest for the q-quantile.

    Parameters
    ----------
    truth : array-like of shape (n,) or (n, k)
    predicted : array-like of the shape of ``truth``; for m levels, of shape (n, k * m)
        For several levels, of each target a column for every level.
    level : float or sequence of float, default=0.5
        The quantile that is predicted, or several of them, in [0, 1]; 0.5, the median, gives half of the mean absolute error.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    References
    ----------
    Koenker & Bassett, "Regression quantiles", 1978.

    Examples
    --------
    >>> pinball(np.array([1.0, 2.0]), np.array([1.0, 4.0]), level=0.9)
    0.09999999999999998
    >>> pinball(np.array([1.0, 2.0]), np.array([[0.0, 2.0], [1.0, 3.0]]), level=[0.1, 0.9])
    0.09999999999999999
    """
    share = number(0, 1)
    check_parameters({"level": level}, {"level": one_of(share, sequence_of(share, at_least=1))}, owner="pinball")
    levels = np.atleast_1d(np.asarray(level, dtype=np.float64))
    if len(levels) > 1:
        truth = numbers(truth, truth, owner="pinball")[0].repeat(len(levels), axis=1)
    truth, predicted = numbers(truth, predicted, owner="pinball")
    levels = np.tile(levels, truth.shape[1] // len(levels))
    errors = truth - predicted
    losses = np.maximum(levels * errors, (levels - 1) * errors)
    return float(np.average(losses, axis=0, weights=weights(sample_weight, len(truth), owner="pinball")).mean())


def root_mean_squared_error(truth: Any, predicted: Any, sample_weight: Any = None) -> float:
    """``sqrt(mean (t - p)^2)``, over all numbers.

    Parameters
    ----------
    truth, predicted : array-like of shape (n,) or (n, k)
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Examples
    --------
    >>> root_mean_squared_error(np.array([1.0, 2.0]), np.array([4.0, 5.0]))
    3.0
    """
    truth, predicted = numbers(truth, predicted, owner="root_mean_squared_error")
    exponent = common_exponent(truth, predicted)
    squares = np.ldexp(truth - predicted, -exponent) ** 2
    weight = weights(sample_weight, len(truth), owner="root_mean_squared_error")
    return float(np.ldexp(np.sqrt(np.average(squares, axis=0, weights=weight).mean()), exponent))
