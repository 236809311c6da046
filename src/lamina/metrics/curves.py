"""Curves of predicted probabilities of one class: what a threshold finds and what it mistakes, and how true they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lamina.errors import DataError, phrase
from lamina.metrics.given import numbers, weights
from lamina.validation import check_parameters, integer

__all__ = ["CalibrationCurve", "RocCurve", "calibration_curve", "roc_curve"]

_QUANTILE = 1.959963984540054  # of the normal distribution, at 0.975


class RocCurve(NamedTuple):
    """The points of an ROC curve, one per threshold; see :func:`roc_curve`.

    Attributes
    ----------
    false_positive_rate, true_positive_rate : ndarray of shape (k,)
        Of the rows that are not of the class, and of those that are, the shares whose score is at least the threshold.
    thresholds : ndarray of shape (k,)
        Descending, from infinity.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    thresholds: np.ndarray


def roc_curve(truth: Any, scores: Any, sample_weight: Any = None) -> RocCurve:
    """The ROC curve of one class. Points in the midst of a straight piece are left out, as scikit-learn does.

    A rate is NaN if no row counts for it, since ``truth`` has only ones or only zeros.

    Parameters
    ----------
    truth : array-like of shape (n,)
        1 for the rows of the class, 0 for others.
    scores : array-like of shape (n,)
        Probabilities of the class, or any numbers that grow with them.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Raises
    ------
    DataError
        If ``truth`` has other values, or a score is NaN.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006, algorithm 1.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.false_positive_rate.tolist(), curve.true_positive_rate.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    inside, scores = _one_class(truth, scores, owner="roc_curve")
    weight = weights(sample_weight, len(scores), owner="roc_curve")
    inside, scores, weight = inside[weight > 0], scores[weight > 0], weight[weight > 0]
    thresholds, which = np.unique(-scores, return_inverse=True)
    found, mistaken = (np.cumsum(np.bincount(which, weight * rows, len(thresholds))) for rows in (inside, ~inside))
    corner = np.ones(len(thresholds), bool)
    corner[1:-1] = (np.diff(found, 2) != 0) | (np.diff(mistaken, 2) != 0)
    rates = [_shares(np.concatenate([[0.0], counts[corner]])) for counts in (mistaken, found)]
    return RocCurve(rates[0], rates[1], np.concatenate([[np.inf], -thresholds[corner]]))


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts[-1] if counts[-1] else np.full(len(counts), np.nan)


class CalibrationCurve(NamedTuple):
    """How often a class came true where it was predicted with some probability; see :func:`calibration_curve`.

    Attributes
    ----------
    predicted, observed : ndarray of shape (k,)
        Of each bin that has rows: the mean predicted probability, and the share of rows of the class.
    low, high : ndarray of shape (k,)
        95 % confidence interval of each share.
    counts : ndarray of shape (k,)
        Number of rows in each bin.
    """

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray


def calibration_curve(truth: Any, probabilities: Any, bins: int = 10) -> CalibrationCurve:
    """Compare predicted probabilities of a class with how often it came true, in ``bins`` equal parts of [0, 1].

    The intervals are Wilson's; they widen where there are few rows.

    Parameters
    ----------
    truth : array-like of shape (n,)
        1 for the rows of the class, 0 for others.
    probabilities : array-like of shape (n,)
        Predicted probabilities of the class.
    bins : int, default=10
        A probability on the border of two belongs to the lower one. Bins without rows are left out.

    Raises
    ------
    DataError
        If ``truth`` has other values, or a probability is not in [0, 1].

    References
    ----------
    Niculescu-Mizil & Caruana, "Predicting good probabilities with supervised learning", 2005; Wilson, "Probable inference, the
    law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> curve = calibration_curve([0, 1, 0, 1], [0.1, 0.2, 0.7, 0.9], bins=2)
    >>> curve.predicted.round(2).tolist(), curve.observed.tolist(), curve.counts.tolist()
    ([0.15, 0.8], [0.5, 0.5], [2, 2])
    """
    check_parameters({"bins": bins}, {"bins": integer(1)}, owner="calibration_curve")
    inside, p = _one_class(truth, probabilities, owner="calibration_curve")
    if (outside := (p < 0) | (p > 1)).any():
        raise DataError(phrase("the probabilities", "must be in [0, 1]", float(p[outside][0]), owner="calibration_curve"))
    which = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p)
    counts = np.bincount(which, minlength=bins)
    used = counts > 0
    n = counts[used]
    predicted, observed = (np.bincount(which, values, bins)[used] / n for values in (p, inside))
    middle = (observed + _QUANTILE**2 / (2 * n)) / (1 + _QUANTILE**2 / n)
    half = _QUANTILE / (1 + _QUANTILE**2 / n) * np.sqrt(observed * (1 - observed) / n + (_QUANTILE / (2 * n)) ** 2)
    # Rounding must not put an end of an interval on the wrong side of the share.
    return CalibrationCurve(predicted, observed, np.minimum(middle - half, observed), np.maximum(middle + half, observed), n)


def _one_class(truth: Any, scores: Any, *, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row is of the class, and its score."""
    columns = [array.ravel() for array in numbers(truth, scores, owner=owner, columns=1)]
    if (wrong := ~np.isin(columns[0], (0, 1))).any():
        repair = "Compare the labels with that of the class: labels == label."
        raise DataError(phrase("the truth", "must be 0 or 1", float(columns[0][wrong][0]), repair=repair, owner=owner))
    if np.isnan(columns[1]).any():
        raise DataError(phrase("the scores", "must be numbers", float("nan"), owner=owner))
    return columns[0] == 1, columns[1]
