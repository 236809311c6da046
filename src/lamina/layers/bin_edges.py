"""Where the bins of a column begin and end: at its quantiles, or where a decision tree on the target cuts."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from lamina.errors import DataError, ShapeError, phrase

__all__ = ["SMALLEST_BIN", "column_edges"]

SMALLEST_BIN = 1e-30  # 1 over it is a number in float32, too

_OWNER = "PiecewiseLinear.from_data"
_LEAF_SHARE = 8  # a tree's leaf has at least an eighth of the rows that a bin by quantiles has
_TREE_EXPONENT = 30  # trees read float32, and take values that lie closer than 1e-7 as one
_NO_NUMBERS = (str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64)  # float() takes some of them


def column_edges(X: Any, bins: int, y: Any, min_distinct: int) -> tuple[tuple[float, ...], ...]:
    """Increasing edges of at most ``bins`` bins for each column; none for one with fewer than ``min_distinct`` values."""
    columns = _columns(X)
    target = None if y is None else _target(y, len(next(iter(columns.values()))))
    return tuple(_edges(column, label, bins, target, min_distinct) for label, column in columns.items())


def _edges(column: np.ndarray, label: str, bins: int, target: np.ndarray | None, min_distinct: int) -> tuple[float, ...]:
    distinct = np.unique(column)
    if len(distinct) < max(min_distinct, 2):
        return ()
    edges = _quantiles(column, distinct, bins) if target is None else _cuts(column, distinct, bins, target)
    if (smallest := np.diff(edges).min()) < SMALLEST_BIN:
        rule = f"must have bins of {SMALLEST_BIN:g} or more"
        raise DataError(phrase(label, rule, float(smallest), repair="Scale or round this column.", owner=_OWNER))
    return tuple(edges.tolist())


def _quantiles(column: np.ndarray, distinct: np.ndarray, bins: int) -> np.ndarray:
    """Quantiles of the column; where a few values are so frequent that less than half of them differ, those of its values.

    Few values are the edges themselves: between them there is no data, so finer bins would hold none.
    """
    if len(distinct) <= bins + 1:
        return distinct
    shares = np.linspace(0.0, 1.0, bins + 1)
    edges = np.unique(np.quantile(column, shares))
    return edges if len(edges) - 1 > bins // 2 else np.unique(np.quantile(distinct, shares))


def _cuts(column: np.ndarray, distinct: np.ndarray, bins: int, target: np.ndarray) -> np.ndarray:
    """The thresholds of a tree on this column alone, between its smallest and its largest value."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # slow to load, and needed here alone

    kind = DecisionTreeRegressor if target.dtype.kind == "f" else DecisionTreeClassifier
    smallest_leaf = max(len(column) // (_LEAF_SHARE * bins), 1)
    tree = kind(max_leaf_nodes=max(bins, 2), min_samples_leaf=smallest_leaf, random_state=0)
    low, high = distinct[0], distinct[-1]
    shift = _TREE_EXPONENT - np.frexp(max(-low, high))[1]
    grown = tree.fit(np.ldexp(column, shift)[:, None], target).tree_
    cuts = np.ldexp(grown.threshold[grown.children_left >= 0], -shift) if bins > 1 else np.empty(0)
    return np.unique([low, *cuts[(cuts > low) & (cuts < high)], high])


def _columns(X: Any) -> dict[str, np.ndarray]:
    """The columns as finite float64, by what messages call them."""
    table = _array(X, "X")
    if table.ndim != 2 or 0 in table.shape:
        raise ShapeError(phrase("the shape of X", "must be (rows, columns), at least one of each", table.shape, owner=_OWNER))
    names = getattr(X, "columns", range(table.shape[1]))
    labels = [f"column {i} of X" + f" ({name!r})" * isinstance(name, str) for i, name in enumerate(names)]
    return {label: _numbers(column, label) for label, column in zip(labels, table.T, strict=True)}


def _numbers(column: np.ndarray, label: str) -> np.ndarray:
    if column.dtype.kind not in "biuf":
        for value in column:
            _check_number(value, label)
    numbers = column.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"{_OWNER}: X must be finite, but {label} holds NaN or infinity. Fill or drop these rows.")
    return numbers


def _check_number(value: Any, label: str) -> None:
    try:
        if isinstance(value, _NO_NUMBERS):
            raise TypeError
        float(value)
    except (TypeError, ValueError, OverflowError) as error:
        repair = "Encode text and categories, and fill missing values first."
        raise DataError(phrase(label, "must hold real numbers", value, repair=repair, owner=_OWNER)) from error


def _target(y: Any, rows: int) -> np.ndarray:
    """The target as floating-point numbers, or as the indices of its classes."""
    target = _array(y, "y")
    if target.ndim not in (1, 2) or len(target) != rows or 0 in target.shape:
        rule = f"must have a row for each of the {rows} rows of X, and one or two axes"
        raise ShapeError(phrase("the shape of y", rule, target.shape, owner=_OWNER))
    if target.dtype.kind == "O" and all(isinstance(value, Real) for value in target.flat):
        target = np.array(target.tolist())
    if target.dtype.kind != "f":
        return np.column_stack([_class_indices(column) for column in target.reshape(rows, -1).T])
    if not np.isfinite(target).all():
        raise DataError(f"{_OWNER}: y must be finite, but holds NaN or infinity. Drop these rows.")
    return target


def _class_indices(labels: np.ndarray) -> np.ndarray:
    try:
        if labels.dtype.kind in "cV":
            raise TypeError
        indices: np.ndarray = np.unique(labels, return_inverse=True)[1]
    except TypeError as error:  # objects that have no order, as None and text
        came = " and ".join(sorted({type(label).__name__ for label in labels}))
        rule = "must hold real numbers, or labels of one type without missing values"
        raise DataError(phrase("y", rule, came, repair="Drop or rename the others.", owner=_OWNER)) from error
    return indices


def _array(given: Any, label: str) -> np.ndarray:
    """An array; in lists, numbers beside texts stay numbers."""
    try:
        array = np.asarray(given.toarray() if hasattr(given, "toarray") else given)
        return np.asarray(given, dtype=object) if isinstance(given, list | tuple) and array.dtype.kind in "USc" else array
    except MemoryError:
        raise
    except Exception as error:  # rows of unequal lengths, or from another library's __array__
        raise DataError(f"{_OWNER}: {label} cannot be read as an array: {error}") from error
