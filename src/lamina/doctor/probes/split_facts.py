"""How unlike the training rows the validation rows are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import dense_rows, draw_rows

__all__ = ["SplitFacts", "split_facts"]

_MOST_ROWS = 2000
_MOST_VALUES = 1 << 20


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """Two parts of a table compared.

    Attributes
    ----------
    rows, held_out : int
        Training and validation rows.
    target_distance : float
        Of classes: half the sum of the differences of their shares (total variation), 0 to 1. Of numbers: the largest difference
        of the cumulative shares (Kolmogorov-Smirnov), of the target in which it is largest, 0 to 1.
    target_chance : float
        How likely random halves are to differ as much: p of the chi-square or the Kolmogorov-Smirnov test.
    unseen : float
        The share of validation rows of a class that no training row has; 0 for numbers.
    missing : float
        The share of training rows of a class that no validation row has; 0 for numbers.
    outside : float
        The share of validation targets beyond the range of the training targets; 0 for classes.
    column_distance : float
        Kolmogorov-Smirnov, of the column in which it is largest.
    column_chance : float
        Its p, times the number of columns.
    column : int
        That column; -1 without columns.
    """

    rows: int
    held_out: int
    target_distance: float
    target_chance: float
    unseen: float
    missing: float
    outside: float
    column_distance: float
    column_chance: float
    column: int


def split_facts(X: Any, y: np.ndarray, X_val: Any, y_val: np.ndarray, *, seed: int = 0) -> SplitFacts:
    """Compare the parts.

    Parameters
    ----------
    X, X_val : array or sparse matrix of shape (n, d), (m, d)
    y, y_val : ndarray of shape (n,), (m,) of class numbers, or (n, k), (m, k) of numbers

    Examples
    --------
    >>> X, y = np.zeros((100, 1)), np.repeat([0, 1], 50)
    >>> facts = split_facts(X[:80], y[:80], X[80:], y[80:])  # rows sorted by class
    >>> facts.target_distance, facts.target_chance < 1e-6
    (0.625, True)
    """
    compare = _classes if y.ndim == 1 else _numbers
    distances, chances = _kolmogorov_smirnov(*_parts(X, X_val, seed))
    column = int(distances.argmax()) if distances.size else -1
    return SplitFacts(
        len(y),
        len(y_val),
        *compare(y, y_val),
        column_distance=float(distances.max(initial=0.0)),
        column_chance=float(min(chances.min(initial=1.0) * max(len(chances), 1), 1.0)),
        column=column,
    )


def _classes(y: np.ndarray, y_val: np.ndarray) -> tuple[float, float, float, float, float]:
    from scipy.special import chdtrc

    width = int(max(y.max(initial=0), y_val.max(initial=0))) + 1
    counts = np.array([np.bincount(y, minlength=width), np.bincount(y_val, minlength=width)], dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    if (totals == 0).any():
        return 0.0, 1.0, 0.0, 0.0, 0.0
    shares = counts / totals
    counts = counts[:, counts.sum(axis=0) > 0]
    expected = totals * counts.sum(axis=0) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    chance = float(chdtrc(counts.shape[1] - 1, statistic)) if counts.shape[1] > 1 else 1.0
    unseen, missing = shares[1][shares[0] == 0].sum(), shares[0][shares[1] == 0].sum()
    return float(np.abs(shares[0] - shares[1]).sum() / 2), chance, float(unseen), float(missing), 0.0


def _numbers(y: np.ndarray, y_val: np.ndarray) -> tuple[float, float, float, float, float]:
    distances, chances = _kolmogorov_smirnov(y, y_val)
    if not distances.size:
        return 0.0, 1.0, 0.0, 0.0, 0.0
    worst = int(distances.argmax())
    with np.errstate(invalid="ignore"):
        beyond = ((y_val < y.min(axis=0)) | (y_val > y.max(axis=0))).mean(axis=0).max()
    return float(distances[worst]), float(chances[worst]), 0.0, 0.0, float(beyond)


def _parts(X: Any, X_val: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    most = min(_MOST_ROWS, max(_MOST_VALUES // max(X.shape[1], 1) // 2, 128))
    one, other = (dense_rows(part, draw_rows(part.shape[0], most, seed)) for part in (X, X_val))
    return one, other


def _kolmogorov_smirnov(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest distance of the two distribution functions and its asymptotic p, of each column."""
    from scipy.special import kolmogorov

    n, m, width = len(one), len(other), one.shape[1]
    if not (n and m and width):
        return np.zeros(width), np.ones(width)
    values = np.concatenate([one, other])
    order = np.argsort(values, axis=0, kind="stable")
    in_order = np.take_along_axis(values, order, axis=0)
    of_one = np.cumsum(order < n, axis=0)
    difference = of_one / n - (np.arange(1, n + m + 1)[:, None] - of_one) / m
    ends = np.ones(in_order.shape, dtype=bool)  # only where the next value is another one do both have taken their whole step
    ends[:-1] = in_order[1:] != in_order[:-1]
    distances = np.where(ends, np.abs(difference), 0.0).max(axis=0)
    return distances, kolmogorov(np.sqrt(n * m / (n + m)) * distances)
