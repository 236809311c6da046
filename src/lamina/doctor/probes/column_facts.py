"""Columns before training: size, spread and distinct values of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import LARGEST_NUMBER, dense_rows, draw_rows

__all__ = ["ColumnFacts", "column_facts"]

_MOST_ROWS = 4096
_MOST_VALUES = 1 << 20
_RARE = 10.0  # -log of a chance
_OFF_SCALE = 0.01  # of a step
_LARGE = 10.0  # a weighted sum of such inputs lies where tanh and sigmoid are flat


@dataclass(frozen=True, slots=True, eq=False)
class ColumnFacts:
    """What the d columns are like, by the finite numbers of at most 4,096 rows (fewer of wide tables: a million values).

    Attributes
    ----------
    names : tuple of str
    rows : int
        The rows that were looked at.
    mean, std, min, max : ndarray of shape (d,)
        Magnitudes are capped at 1e100. NaN in a column without finite numbers.
    non_finite : ndarray of shape (d,), int
        NaN and infinite numbers.
    distinct : ndarray of shape (d,), int
        Different finite numbers.
    is_whole : ndarray of shape (d,), bool
        Whether all finite numbers are whole.
    places : ndarray of shape (d,)
        How many numbers the scale has on which all of a column lie, from its smallest to its largest one, the step being the
        smallest difference of two; infinite where they lie on none.
    large : float
        The share of values beyond ±10.
    copies : tuple of (int, int)
        Columns that hold the same numbers as an earlier one: (column, the earlier one). Constant columns do not count.
    """

    names: tuple[str, ...]
    rows: int
    mean: np.ndarray
    std: np.ndarray
    min: np.ndarray
    max: np.ndarray
    non_finite: np.ndarray
    distinct: np.ndarray
    is_whole: np.ndarray
    places: np.ndarray
    large: float
    copies: tuple[tuple[int, int], ...]

    @property
    def is_constant(self) -> np.ndarray:
        """ndarray of shape (d,), bool: at most one distinct number."""
        return np.asarray(self.distinct <= 1)

    @property
    def scale_ratio(self) -> float:
        """The largest standard deviation over the smallest one, among columns that vary; 1 if none does."""
        spread = self.std[~self.is_constant & (self.std > 0)]
        return float(spread.max() / spread.min()) if spread.size else 1.0

    @property
    def size(self) -> np.ndarray:
        """Root mean square of each column, ndarray of shape (d,)."""
        return np.asarray(np.hypot(self.mean, self.std))

    @property
    def offset(self) -> np.ndarray:
        """Distance of each column's mean from 0 in standard deviations, ndarray of shape (d,); 0 where it is constant."""
        varies = ~self.is_constant & (self.std > 0)
        return np.asarray(np.divide(np.abs(self.mean), self.std, out=np.zeros_like(self.mean), where=varies))

    @property
    def identifiers(self) -> tuple[int, ...]:
        """Columns that number the rows: equally spaced numbers of which none comes twice, by far fewer than would by chance.

        So many draws from a scale of ``places`` numbers are all different with a chance of exp(−rows² / (2 places)).
        """
        is_rare = self.rows**2 > 2 * _RARE * self.places
        return tuple(np.flatnonzero((self.distinct == self.rows) & is_rare).tolist())


def column_facts(X: Any, *, names: tuple[str, ...] | None = None, seed: int = 0) -> ColumnFacts:
    """Measure each column.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, d)
    names : tuple of str, optional
        Default: ``x0``, ``x1``, ….
    seed : int, default=0
        Draws the rows where there are more than are looked at.

    Examples
    --------
    >>> facts = column_facts(np.array([[1.0, 1000.0], [2.0, 3000.0]]))
    >>> facts.scale_ratio, facts.large
    (2000.0, 0.5)
    """
    num_rows, num_columns = X.shape
    most = min(_MOST_ROWS, max(_MOST_VALUES // max(num_columns, 1), 256))
    numbers = dense_rows(X, draw_rows(num_rows, most, seed))
    finite = np.isfinite(numbers)
    capped = np.clip(np.where(finite, numbers, np.nan), -LARGEST_NUMBER, LARGEST_NUMBER)
    count = finite.sum(axis=0)
    low, high = np.fmin.reduce(capped, axis=0, initial=np.nan), np.fmax.reduce(capped, axis=0, initial=np.nan)
    mean, std = _moments(capped, finite, count)
    return ColumnFacts(
        names=names or tuple(f"x{column}" for column in range(num_columns)),
        rows=len(numbers),
        mean=np.clip(mean, low, high),
        std=np.where(low == high, 0.0, std),
        min=low,
        max=high,
        non_finite=len(numbers) - count,
        distinct=_distinct(capped),
        is_whole=((capped == np.round(capped)) | ~finite).all(axis=0) & (count > 0),
        places=_places(capped),
        large=float((np.abs(capped) > _LARGE).sum() / max(count.sum(), 1)),
        copies=_copies(capped, low == high),
    )


def _moments(numbers: np.ndarray, finite: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(finite, numbers, 0.0).sum(axis=0) / count
        return mean, np.sqrt(np.where(finite, (numbers - mean) ** 2, 0.0).sum(axis=0) / count)


def _distinct(numbers: np.ndarray) -> np.ndarray:
    in_order = np.sort(numbers, axis=0)  # NaN last, and different from itself
    differs = in_order[1:] != in_order[:-1]
    count: np.ndarray = (differs & ~np.isnan(in_order[1:])).sum(axis=0) + ~np.isnan(in_order[:1]).all(axis=0)
    return count


def _places(numbers: np.ndarray) -> np.ndarray:
    places = np.full(numbers.shape[1], np.inf)
    for index, column in enumerate(numbers.T):
        values = np.unique(column[np.isfinite(column)])
        if len(values) < 2:
            continue
        with np.errstate(over="ignore"):
            steps = (values - values[0]) / np.diff(values).min()
        if np.isfinite(steps[-1]) and np.abs(steps - np.round(steps)).max() < _OFF_SCALE:
            places[index] = np.round(steps[-1]) + 1
    return places


def _copies(numbers: np.ndarray, constant: np.ndarray) -> tuple[tuple[int, int], ...]:
    first: dict[bytes, int] = {}
    columns = np.ascontiguousarray(numbers.T + 0.0)  # no -0.0
    found = ((column, first.setdefault(columns[column].tobytes(), column)) for column in np.flatnonzero(~constant).tolist())
    return tuple(pair for pair in found if pair[0] != pair[1])
