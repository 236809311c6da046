"""Rows of whatever holds them: arrays, sparse matrices, data frames, or several inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lamina.errors import DataError, DataTypeError, ShapeError, counted, phrase

__all__ = [
    "FEWEST_ROWS",
    "are_several",
    "balanced_weights",
    "column_names",
    "given_rows",
    "num_rows",
    "rare_labels",
    "strata",
    "take_rows",
]

#: A quarter of them is held out.
FEWEST_ROWS = 20
_RARE = 0.25  # of the rows of the commonest class


def take_rows(X: Any, rows: np.ndarray) -> Any:
    """The rows of these numbers, in the form in which they came.

    >>> take_rows({"a": np.arange(4), "b": [[1, 2], [3, 4], [5, 6], [7, 8]]}, np.array([0, 2]))["b"].tolist()
    [[1, 2], [5, 6]]
    """
    if isinstance(X, Mapping):
        return {name: take_rows(part, rows) for name, part in X.items()}
    if are_several(X):
        return type(X)(take_rows(part, rows) for part in X)
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "take") and hasattr(X, "schema"):
        return X.take(rows)
    if hasattr(X, "tocsr"):
        return X.tocsr()[rows]
    return X[rows] if hasattr(X, "__array__") else np.asarray(X)[rows]


def are_several(X: Any) -> bool:
    """Whether it is a list of several inputs, rather than of rows."""
    return isinstance(X, list | tuple) and len(X) > 0 and all(sparse.issparse(part) or _is_matrix(part) for part in X)


def given_rows(X: Any, y: Any, *, of_labels: bool, owner: str) -> tuple[Any, np.ndarray]:
    """Features, and targets as an array; where ``y`` names columns of a table, those are no features.

    Parameters
    ----------
    X, y
        As a model's ``fit`` takes them.
    of_labels : bool
        Whether ``y`` holds labels: a single column of them comes back as an array of shape (n,).
    owner : str
        Name of the caller, for error messages.

    Raises
    ------
    DataError, ShapeError
        If there are no rows, too few, or targets for others; or labels are missing; or all targets are the same.
    """
    count = num_rows(X, owner=owner)
    X, y = _with_target(X, y, owner)
    if y.ndim == 0 or len(y) != count:
        rule = f"must hold a target for each of the {count:,} rows of X"
        raise ShapeError(phrase("y", rule, len(y) if y.ndim else y.tolist(), owner=owner))
    if count < FEWEST_ROWS:
        rule = f"must have at least {FEWEST_ROWS} rows, a quarter of which are held out"
        raise DataError(phrase("X", rule, count, owner=owner))
    if of_labels:
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        _check_labels(y, owner)
    elif (y == y[:1]).all():
        raise DataError(phrase("y", "must hold at least two different numbers", y[:1].tolist(), owner=owner))
    return X, y


def num_rows(X: Any, *, owner: str) -> int:
    """How many rows there are, in each of several inputs.

    Raises
    ------
    DataTypeError, ShapeError
        If it holds none, or several inputs differ.
    """
    if isinstance(X, Mapping) or are_several(X):
        counts = [num_rows(part, owner=owner) for part in (X.values() if isinstance(X, Mapping) else X)]
        if len(set(counts)) != 1:
            raise ShapeError(phrase("X", "must have as many rows in each input", counts, owner=owner))
        return counts[0]
    if isinstance(X, str) or not (hasattr(X, "shape") or hasattr(X, "__len__")) or getattr(X, "shape", None) == ():
        repair = "Read a file first, such as with pandas.read_csv." if isinstance(X, str) else ""
        raise DataTypeError(phrase("X", "must be an array, a sparse matrix or a table", X, repair=repair, owner=owner))
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _with_target(X: Any, y: Any, owner: str) -> tuple[Any, np.ndarray]:
    names = _names(X, y)
    if names is not None:
        known = list(map(str, column_names(X) or ()))
        missing = next((name for name in names if name not in known), None)
        if missing is not None:
            repair = f"The columns are {', '.join(map(repr, known))}." if known else "Give an array of targets."
            raise DataError(phrase("y", "must be an array, or name a column of X", missing, repair=repair, owner=owner))
        y = X[y] if isinstance(y, str) else X[names] if hasattr(X, "iloc") else X.select(names)
        X = X.drop(columns=names) if hasattr(X, "iloc") else X.drop(names)
    if y is None or isinstance(y, Mapping):
        got = None if y is None else list(y)
        raise DataTypeError(phrase("y", "must be one array of targets, or the name of a column of X", got, owner=owner))
    return X, np.asarray(y)


def _names(X: Any, y: Any) -> list[str] | None:
    """The columns that ``y`` names; None for values."""
    if isinstance(y, str):
        return [y]
    are_names = isinstance(y, list | tuple) and len(y) > 0 and all(isinstance(name, str) for name in y)
    known = column_names(X) or ()
    return list(y) if are_names and all(name in known for name in y) else None


def column_names(X: Any) -> list[Any] | None:
    """The names of a table's columns; None of anything else."""
    names = getattr(X, "column_names", getattr(X, "columns", None))
    return None if names is None else list(names)


def balanced_weights(labels: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """Weights of rows by which all classes weigh the same, 1 on average (King & Zeng 2001); in a class as those that were given.

    >>> balanced_weights(np.array(["a", "a", "a", "b"])).tolist()
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """
    classes, place = np.unique(labels, return_inverse=True)
    weights = np.ones(len(labels)) if given is None else np.asarray(given, dtype=float)
    totals = np.bincount(place.ravel(), weights)
    factors = np.divide(weights.sum(), len(classes) * totals, out=np.zeros(len(totals)), where=totals > 0)
    return np.asarray(weights * factors[place.ravel()])


def rare_labels(labels: np.ndarray) -> np.ndarray:
    """The labels that have less than a quarter of the commonest one's rows, an ndarray of shape (k,).

    >>> rare_labels(np.repeat(["a", "b", "c"], [50, 12, 13])).tolist()
    ['b']
    """
    classes, counts = np.unique(labels, return_counts=True)
    return np.asarray(classes[counts < _RARE * counts.max(initial=0)])


def strata(y: np.ndarray, *, of_labels: bool) -> np.ndarray | None:
    """The class of each row, of which each part of a split is to have the same share; None of numbers and of several labels."""
    return np.unique(y, return_inverse=True)[1] if of_labels and y.ndim == 1 else None


def _check_labels(y: np.ndarray, owner: str) -> None:
    missing = int(sum(map(_is_missing, y.ravel()))) if y.dtype == object else 0
    if missing:
        rule = f"y must hold a label for each of the {len(y):,} rows"
        raise DataError(f"{owner}: {rule}, got {counted(missing, 'missing label')}. Drop those rows.")
    try:
        labels = np.unique(y)
    except TypeError as error:
        repair = "Make all of them strings, or all numbers."
        kinds = sorted({type(label).__name__ for label in y.ravel()})
        raise DataTypeError(phrase("y", "must hold labels of one type", kinds, repair=repair, owner=owner)) from error
    if y.ndim == 1 and len(labels) == 1:
        raise DataError(phrase("y", "must hold at least two classes", labels.tolist(), owner=owner))


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # of pandas' NA nothing can be said
        return True


def _is_matrix(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.ndim > 1
