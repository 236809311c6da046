"""Columns in which a few values lie so far off that scaling by the standard deviation squeezes all others together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from lamina.doctor.probes.given_rows import dense_rows, draw_rows

__all__ = ["TAIL", "SqueezedColumns", "by_ranks", "squeezed_columns"]

#: From which on scaling leaves the middle of a column a tenth of the width that it should have.
TAIL = 10.0

_MOST_ROWS = 4096
_MOST_VALUES = 1 << 20
_QUARTILES_OF_NORMAL = 1.349  # standard deviations between the quartiles of a normal distribution
_FAR = 10.0  # robust deviations


@dataclass(frozen=True, slots=True, eq=False)
class SqueezedColumns:
    """How wide the middle of each of d columns is beside its standard deviation.

    Attributes
    ----------
    tail : ndarray of shape (d,)
        Standard deviation over the robust one, by the quartiles: 1 of normal numbers. 0 where the quartiles are equal, as in
        columns that say whether something is there, and how much: their far values are not the exception.
    far : ndarray of shape (d,)
        The share of values more than 10 robust deviations from the median; 0 there, too.
    """

    tail: np.ndarray
    far: np.ndarray

    @property
    def columns(self) -> np.ndarray:
        """The numbers of those whose ``tail`` is above 10."""
        return np.flatnonzero(self.tail > TAIL)


def squeezed_columns(X: Any, *, seed: int = 0) -> SqueezedColumns:
    """Measure each column by the finite numbers of at most 4,096 rows (fewer of wide tables).

    Parameters
    ----------
    X : array or sparse matrix of shape (n, d)
    seed : int, default=0
        Draws the rows.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> X[::20, 1] = -999.0
    >>> found = squeezed_columns(X)
    >>> found.columns.tolist(), found.far.tolist()
    ([1], [0.0, 0.05])
    """
    num_rows, num_columns = X.shape
    if not num_rows * num_columns:
        return SqueezedColumns(np.zeros(num_columns), np.zeros(num_columns))
    numbers = dense_rows(X, draw_rows(num_rows, min(_MOST_ROWS, max(_MOST_VALUES // max(num_columns, 1), 256)), seed))
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    with np.errstate(all="ignore"):
        known = np.isfinite(numbers).any(axis=0)
        low, middle, high = np.nanquantile(np.where(known, numbers, 0.0), (0.25, 0.5, 0.75), axis=0)
        robust = (high - low) / _QUARTILES_OF_NORMAL
        varies = robust > 1e-12 * np.abs(middle)
        tail = np.where(varies, np.nanstd(np.where(known, numbers, 0.0), axis=0) / robust, 0.0)
        far = np.where(varies, (np.abs(numbers - middle) > _FAR * robust).mean(axis=0), 0.0)
    return SqueezedColumns(np.nan_to_num(tail), far)


def by_ranks(X: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A copy of X (n, d) in which the values of some columns are the normal scores of their ranks; equal values stay equal.

    >>> by_ranks(np.array([[1.0], [2.0], [1e6]]), np.array([0])).round(2).tolist()
    [[-0.97], [0.0], [0.97]]
    """
    ranked = X.copy()
    for column in columns:
        _, place, counts = np.unique(X[:, column], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - counts / 2
        ranked[:, column] = ndtri(middle / len(X))[place.ravel()]
    return ranked
