"""Rows of whatever holds them: arrays, sparse matrices, data frames, or several inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["take_rows", "with_target"]


def take_rows(X: Any, rows: np.ndarray) -> Any:
    """The rows of these numbers, in the form in which they came.

    >>> take_rows({"a": np.arange(4), "b": [[1, 2], [3, 4], [5, 6], [7, 8]]}, np.array([0, 2]))["b"].tolist()
    [[1, 2], [5, 6]]
    """
    if isinstance(X, Mapping):
        return {name: take_rows(part, rows) for name, part in X.items()}
    if isinstance(X, list | tuple) and X and all(isinstance(part, np.ndarray) or sparse.issparse(part) for part in X):
        return type(X)(take_rows(part, rows) for part in X)
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "take") and hasattr(X, "schema"):
        return X.take(rows)
    if hasattr(X, "tocsr"):
        return X.tocsr()[rows]
    return X[rows] if hasattr(X, "__array__") else np.asarray(X)[rows]


def with_target(X: Any, y: Any) -> tuple[Any, np.ndarray]:
    """Features, and targets as an array; where ``y`` names a column of a table, that column is no feature."""
    if isinstance(y, str):
        named, X = X[y], X.drop(columns=y) if hasattr(X, "iloc") else X.drop(y)
        y = named
    return X, np.asarray(y)
