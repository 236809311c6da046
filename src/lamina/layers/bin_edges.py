"""Where the bins of a column begin and end: at its quantiles, or where a decision tree on the target cuts."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError, ShapeError, phrase

__all__ = ["column_edges"]

_OWNER = "PiecewiseLinear.from_data"
_LEAF_SHARE = 8  # a tree's leaf has at least an eighth of the rows that a bin by quantiles has


def column_edges(X: Any, bins: int, y: Any, min_distinct: int) -> tuple[tuple[float, ...], ...]:
    """Increasing edges of at most ``bins`` bins for each column; none for one with fewer than ``min_distinct`` values."""
    table = _table(X)
    target = None if y is None else _target(y, len(table))
    return tuple(_edges(column, bins, target, min_distinct) for column in table.T)


def _edges(column: np.ndarray, bins: int, target: np.ndarray | None, min_distinct: int) -> tuple[float, ...]:
    distinct = np.unique(column)
    if len(distinct) < max(min_distinct, 2):
        return ()
    edges = _quantiles(column, distinct, bins) if target is None else _cuts(column, distinct, bins, target)
    return tuple(edges.tolist())


def _quantiles(column: np.ndarray, distinct: np.ndarray, bins: int) -> np.ndarray:
    """Quantiles of the column; where a few values are so frequent that less than half of them differ, those of its values."""
    shares = np.linspace(0.0, 1.0, bins + 1)
    edges = np.unique(np.quantile(column, shares))
    return edges if len(edges) - 1 > bins // 2 else np.unique(np.quantile(distinct, shares))


def _cuts(column: np.ndarray, distinct: np.ndarray, bins: int, target: np.ndarray) -> np.ndarray:
    """The thresholds of a tree on this column alone, between its smallest and its largest value."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # slow to load, and needed here alone

    kind = DecisionTreeRegressor if target.dtype.kind == "f" else DecisionTreeClassifier
    smallest_leaf = max(len(column) // (_LEAF_SHARE * bins), 1)
    grown = kind(max_leaf_nodes=max(bins, 2), min_samples_leaf=smallest_leaf, random_state=0).fit(column[:, None], target).tree_
    cuts = grown.threshold[grown.children_left >= 0] if bins > 1 else np.empty(0)
    low, high = distinct[0], distinct[-1]
    return np.unique([low, *cuts[(cuts > low) & (cuts < high)], high])


def _table(X: Any) -> np.ndarray:
    table = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
    if table.ndim != 2 or 0 in table.shape:
        raise ShapeError(phrase("the shape of X", "must be (rows, columns), at least one of each", table.shape, owner=_OWNER))
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise DataError(f"{_OWNER}: X must be finite, but holds NaN or infinity. Fill or drop these rows.")
    return table


def _target(y: Any, rows: int) -> np.ndarray:
    target = np.asarray(y)
    if len(target) != rows:
        raise ShapeError(phrase("y", f"must have a row for each of the {rows} rows of X", target.shape, owner=_OWNER))
    if target.dtype.kind == "f" and not np.isfinite(target).all():
        raise DataError(f"{_OWNER}: y must be finite, but holds NaN or infinity. Drop these rows.")
    return target
