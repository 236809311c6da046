"""Rows as the probes take them: a bounded sample, dense, in the order given, and targets as classes or as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "LARGEST_NUMBER",
    "as_columns",
    "class_numbers",
    "dense_rows",
    "draw_rows",
    "liveliest_columns",
    "standardized",
    "target_numbers",
]

#: Sums of squares of larger numbers overflow; what is larger counts as this large.
LARGEST_NUMBER = 1e100


def draw_rows(num_rows: int, most: int, seed: int) -> np.ndarray:
    """Numbers of ``most`` rows drawn without replacement, ascending; all if there are no more."""
    if num_rows <= most:
        return np.arange(num_rows)
    return np.sort(np.random.default_rng(seed).choice(num_rows, most, replace=False))


def dense_rows(X: Any, rows: np.ndarray | None = None) -> np.ndarray:
    """The rows as a dense float64 array of shape (rows, d), whether ``X`` is an array or a sparse matrix."""
    part = X if rows is None else X[rows]
    return np.asarray(part.toarray() if hasattr(part, "toarray") else part, dtype=np.float64)


def standardized(X: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and standard deviation 1, without those that are constant; 0 where a number is not finite."""
    finite = np.isfinite(X)
    X = np.clip(np.where(finite, X, 0.0), -LARGEST_NUMBER, LARGEST_NUMBER)
    count = np.maximum(finite.sum(axis=0), 1)
    centered = np.where(finite, X - X.sum(axis=0) / count, 0.0)
    deviation = np.sqrt((centered**2).sum(axis=0) / count)
    # Rounding leaves equal numbers a deviation of some units in the last place.
    varies = deviation > 1e-12 * np.abs(X).max(axis=0, initial=0.0)
    scaled: np.ndarray = centered[:, varies] / deviation[varies]
    return scaled


def liveliest_columns(X: np.ndarray, most: int) -> np.ndarray:
    """Numbers of the ``most`` columns in which fewest rows have the median, ascending: of an image not its black margin."""
    if X.shape[1] <= most:
        return np.arange(X.shape[1])
    median = np.median(X[:256], axis=0)
    differ = (X[:256] != median).sum(axis=0)
    return np.sort(np.argsort(-differ, kind="stable")[:most])


def class_numbers(*parts: Any) -> tuple[np.ndarray, ...]:
    """Each part's classes as whole numbers 0, 1, … that mean the same class in all parts, ndarrays of shape (n,).

    A part is an array of shape (n,) or (n, 1) of class numbers, or (n, k): one-hot rows or class probabilities, or the labels
    that a row has, each set of labels being a class.

    >>> [part.tolist() for part in class_numbers(np.eye(3)[[2, 0]], np.eye(3)[[1]])]
    [[2, 0], [1]]
    """
    lengths = [len(part) for part in parts]
    whole = np.concatenate([as_columns(part) for part in parts])
    if whole.shape[1] > 1 and _are_shares(whole):
        numbers = whole.argmax(axis=1)
    elif whole.shape[1] > 1:
        numbers = np.unique(whole, axis=0, return_inverse=True)[1].reshape(-1)
    else:
        numbers = np.unique(whole, return_inverse=True)[1].reshape(-1)
    return tuple(np.split(numbers, np.cumsum(lengths)[:-1]))


def target_numbers(y: Any) -> np.ndarray:
    """Targets as a float64 array of shape (n, k)."""
    return as_columns(np.asarray(y, dtype=np.float64))


def as_columns(values: Any) -> np.ndarray:
    """An array of shape (n,) as one column, of shape (n, 1); one of shape (n, k) as it is."""
    array = np.asarray(values)
    return array[:, None] if array.ndim == 1 else array


def _are_shares(rows: np.ndarray) -> bool:
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0, atol=1e-6))
