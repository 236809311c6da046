"""Rows that stand in a table more than once, and rows that training and validation part share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import as_columns, dense_rows, draw_rows, liveliest_columns

__all__ = ["CopiedRows", "copied_rows"]

_MOST_ROWS = 20_000
_MOST_COLUMNS = 64  # rows that agree in so many lively columns are the same row
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio


@dataclass(frozen=True, slots=True)
class CopiedRows:
    """Copies among at most 20,000 rows of each part, compared in the 64 columns that vary most.

    Attributes
    ----------
    copied : float
        The share of training rows that have a copy among the training rows.
    shared : float
        The share of validation rows that are training rows, too; NaN without validation rows.
    contradicted : float
        The share of training rows with a copy whose target is another one.
    distinct : int
        Distinct training rows.
    can_repeat : bool
        Whether rows are equal for want of other values: most are copies, and no column has half as many values as there are
        distinct rows.
    """

    copied: float
    shared: float
    contradicted: float
    distinct: int
    can_repeat: bool


def copied_rows(X: Any, y: np.ndarray, X_val: Any = None, *, seed: int = 0) -> CopiedRows:
    """Count copies.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, d)
    y : ndarray of shape (n,) or (n, k)
        The targets; copies with different ones contradict each other.
    X_val : array or sparse matrix of shape (m, d), optional

    Examples
    --------
    >>> found = copied_rows(np.array([[1.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1]), np.array([[3.0], [4.0]]))
    >>> found.copied, found.contradicted, found.shared
    (0.5, 0.5, 0.5)
    """
    rows = draw_rows(X.shape[0], _MOST_ROWS, seed)
    columns = liveliest_columns(dense_rows(X, rows[:256]), _MOST_COLUMNS)
    numbers = dense_rows(X[:, columns], rows)
    ids, counts, first = _equal_rows(_hashes(numbers))
    targets = as_columns(y)[rows]
    differs = (targets != targets[first[ids]]).any(axis=1)
    contradicted = np.bincount(ids, weights=differs, minlength=len(counts))[ids] > 0
    shared = np.nan
    if X_val is not None and X_val.shape[0]:
        held_out = _hashes(dense_rows(X_val[:, columns], draw_rows(X_val.shape[0], _MOST_ROWS, seed)))
        shared = float(np.isin(held_out, _hashes(numbers)).mean())
    most = max((len(np.unique(column)) for column in numbers.T), default=1)
    return CopiedRows(
        copied=float((counts[ids] > 1).mean()) if len(ids) else 0.0,
        shared=shared,
        contradicted=float(contradicted.mean()) if len(ids) else 0.0,
        distinct=len(counts),
        can_repeat=2 * len(counts) < len(ids) and 2 * most < len(counts),
    )


def _equal_rows(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row the number of its value, and for each value how many rows have it and the first that does."""
    _, first, ids, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    return ids.reshape(-1), counts, first


def _hashes(numbers: np.ndarray) -> np.ndarray:
    """A number per row, the same for equal rows."""
    mixed = np.zeros(len(numbers), dtype=np.uint64)
    plain = np.where(np.isnan(numbers), np.nan, numbers) + 0.0  # one NaN, no -0.0
    for column in np.ascontiguousarray(plain.T).view(np.uint64):
        mixed ^= column
        mixed *= _MIX
        mixed ^= mixed >> np.uint64(32)
    return mixed
