"""How much of the target one column alone gives away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import dense_rows, draw_rows, standardized

__all__ = ["ExplainedByColumns", "classes_by_columns", "numbers_by_columns"]

_MOST_ROWS = 2000
_MOST_VALUES = 1 << 20
_BINS = 32
_FEWEST_OF_CLASS = 5
_FEWEST_VALUES = 8  # of a target; fewer are in the same order easily
_SAME_ORDER = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedByColumns:
    """What each column says of the target, by at most 2,000 rows (fewer of wide tables).

    Attributes
    ----------
    rows : int
    share : ndarray of shape (d,)
        Of classes: the share of rows whose class follows from the column, cut into at most 32 bins of equal numbers of rows,
        each bin standing for the class that is commonest in it among the other half of the rows. Of numbers: |Spearman's rank
        correlation|, of the target that the column gives away most of.
    guess : float
        What no column at all gives: the share of the commonest class, or 0.
    gap : float
        Of the column with the largest share: the median empty stretch between two rows next to each other in it that differ in
        class, over the column's range. A copy of a class leaves wide gaps, a measurement none. NaN for numbers.
    codes : tuple of int
        Columns that are made of the target alone. Of classes: those with a single value in each class, and not the same in all.
        Of numbers: those that put all rows in the target's order.
    """

    rows: int
    share: np.ndarray
    guess: float
    gap: float
    codes: tuple[int, ...] = ()

    @property
    def best(self) -> int | None:
        """The column with the largest share; None where there is none."""
        return int(np.argmax(self.share)) if self.share.size else None


def classes_by_columns(X: Any, numbers: np.ndarray, *, seed: int = 0) -> ExplainedByColumns:
    """Measure each column of ``X``, array or sparse matrix of shape (n, d), against class numbers, ndarray of shape (n,).

    >>> X = np.arange(200.0)[:, None] * [1.0, 0.0]
    >>> classes_by_columns(X, (X[:, 0] >= 100).astype(int)).share.round(1).tolist()
    [1.0, 0.5]
    """
    values, rows = _prepared(X, seed)
    classes, target = np.unique(numbers[rows], return_inverse=True)
    target = target.reshape(-1)
    n, d = values.shape
    if n < 2 or not d:
        return ExplainedByColumns(n, np.zeros(d), 1.0, np.nan)
    half = np.random.default_rng(seed).permutation(n) % 2 == 0
    bins = _bins(values)
    shares = np.zeros(d)
    for learn, ask in ((half, ~half), (~half, half)):
        counts = np.zeros((d, _BINS, len(classes)), dtype=np.int64)
        for number in range(len(classes)):
            of_class = bins[learn & (target == number)]
            flat = of_class + np.arange(d) * _BINS
            counts[:, :, number] = np.bincount(flat.ravel(), minlength=d * _BINS).reshape(d, _BINS)
        said = counts.argmax(axis=2)[np.arange(d), bins[ask]]
        shares += (said == target[ask, None]).sum(axis=0)
    shares /= n
    gap = _gap(values[:, int(shares.argmax())], target)
    return ExplainedByColumns(n, shares, float(np.bincount(target).max() / n), gap, _class_codes(values, target))


def numbers_by_columns(X: Any, y: np.ndarray, *, seed: int = 0) -> ExplainedByColumns:
    """As :func:`classes_by_columns`, for targets that are numbers, an ndarray of shape (n, k)."""
    from scipy.stats import rankdata

    values, rows = _prepared(X, seed)
    n, d = values.shape
    if n < 3 or not d:
        return ExplainedByColumns(n, np.zeros(d), 0.0, np.nan)
    ranks = [rankdata(np.nan_to_num(part), axis=0) for part in (values, y[rows])]
    centered = [rank - rank.mean(axis=0) for rank in ranks]
    lengths = [np.sqrt((rank**2).sum(axis=0)) for rank in centered]
    products = np.abs(centered[0].T @ centered[1])
    norms = np.outer(*lengths)
    shares = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0).max(axis=1, initial=0.0)
    distinct = max(len(np.unique(column)) for column in y[rows].T) if y.shape[1] else 0
    codes = np.flatnonzero(shares >= _SAME_ORDER) if distinct >= _FEWEST_VALUES else np.empty(0, dtype=int)
    return ExplainedByColumns(n, np.minimum(shares, 1.0), 0.0, np.nan, tuple(codes.tolist()))


def _class_codes(values: np.ndarray, target: np.ndarray) -> tuple[int, ...]:
    """Columns without any spread in the classes, which differ between at least two that have some rows."""
    counts = np.bincount(target)
    ends = [(part.min(axis=0), part.max(axis=0)) for part in (values[target == number] for number in np.flatnonzero(counts))]
    low, high = (np.array(side) for side in zip(*ends, strict=True))
    firm = low[counts[counts > 0] >= _FEWEST_OF_CLASS]
    differ = (firm != firm[:1]).any(axis=0)
    return tuple(np.flatnonzero((low == high).all(axis=0) & differ).tolist())


def _prepared(X: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    most = min(_MOST_ROWS, max(_MOST_VALUES // max(X.shape[1], 1), 128))
    rows = draw_rows(X.shape[0], most, seed)
    return dense_rows(X, rows), rows


def _bins(values: np.ndarray) -> np.ndarray:
    """The bin of each value in its column; equal values share one."""
    n, d = values.shape
    order = np.argsort(values, axis=0, kind="stable")
    in_order = np.take_along_axis(values, order, axis=0)
    starts = np.zeros((n, d), dtype=np.int64)
    starts[1:] = np.where(in_order[1:] != in_order[:-1], np.arange(1, n)[:, None], 0)
    first = np.maximum.accumulate(starts, axis=0)  # where the run of equal values begins
    bins = np.empty((n, d), dtype=np.int64)
    np.put_along_axis(bins, order, first * _BINS // n, axis=0)
    return bins


def _gap(column: np.ndarray, target: np.ndarray) -> float:
    """The median stretch between neighbors of different classes, over the range."""
    z = standardized(column[:, None])
    if not z.size:
        return 0.0
    order = np.argsort(z[:, 0], kind="stable")
    steps, changes = np.diff(z[order, 0]), np.diff(target[order]) != 0
    return float(np.median(steps[changes]) / np.ptp(z)) if changes.any() else 0.0
