"""Converts the user's X, y and weights to arrays with scikit-learn's checks, whose errors become Lamina's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import column_or_1d, validate_data

from lamina.errors import DataError, DataTypeError, LaminaError, phrase
from lamina.estimators.row_weights import check_row_weights

__all__ = [
    "DTYPES",
    "check_labels",
    "checked_labels",
    "checked_numbers",
    "checked_rows",
    "checked_weights",
    "classes_of",
    "refusals_as_ours",
]

DTYPES = (np.float64, np.float32)


@contextmanager
def refusals_as_ours(what: str, owner: str) -> Iterator[None]:
    """Turn any error while ``what`` is read, even from a custom ``__array__``, into a DataError."""
    try:
        yield
    except (LaminaError, NotFittedError, MemoryError):
        raise
    except ValueError as error:
        raise DataError(str(error)) from error
    except TypeError as error:
        raise DataTypeError(str(error)) from error
    except Exception as error:
        repair = _repair_of(error)
        raise DataError(f"{owner}: {what} cannot be read as an array: {type(error).__name__}: {error}{repair}") from error


def _repair_of(error: Exception) -> str:
    """The fix for tensors that require gradients or are not on the CPU; empty for other errors."""
    return " Give tensor.detach().cpu().numpy()." if "detach" in str(error) or "cpu" in str(error) else ""


def checked_rows(estimator: Any, X: Any) -> Any:
    """Check new rows, whose columns must match the fit."""
    owner = type(estimator).__name__
    with refusals_as_ours("X", owner):
        _refuse_dates(X, owner)
        return validate_data(estimator, X, accept_sparse="csr", dtype=DTYPES, reset=False)


def checked_labels(estimator: Any, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
    """Check rows and their labels."""
    owner = type(estimator).__name__
    with refusals_as_ours("X or y", owner):
        _refuse_dates(X, owner)
        if y is not None and not sparse.issparse(y):
            _refuse_mixed(y, "y", owner)
        X, y = validate_data(estimator, X, y, accept_sparse="csr", multi_output=True, dtype=DTYPES, reset=reset)
        return X, _one_column(y)


def checked_numbers(estimator: Any, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
    """Check rows and their numbers."""
    owner = type(estimator).__name__
    if sparse.issparse(y):
        raise DataTypeError(phrase("y", "must be dense", f"a sparse {type(y).__name__}", repair="Give y.toarray().", owner=owner))
    with refusals_as_ours("X or y", owner):
        _refuse_dates(X, owner)
        if y is not None:
            _refuse_texts(y, owner)
        X, y = validate_data(estimator, X, y, accept_sparse="csr", multi_output=True, y_numeric=True, dtype=DTYPES, reset=reset)
        return X, _one_column(y)


def _refuse_dates(X: Any, owner: str) -> None:
    """Raise for dates, which NumPy would silently read as nanoseconds, about 1e18."""
    dtype = getattr(X, "dtype", None)
    if getattr(dtype, "kind", "") in ("m", "M"):
        repair = "Encode dates first, as TableEncoder does."
        raise DataTypeError(phrase("X", "must hold numbers", str(dtype), repair=repair, owner=owner))


def _refuse_texts(y: Any, owner: str) -> None:
    """Raise for strings: numbers as strings would be silently converted, and labels need a classifier."""
    array = np.asarray(y)
    texts = [array.flat[0]] if array.dtype.kind in "SU" and array.size else []
    if array.dtype.kind == "O":
        texts = [entry for entry in array.flat if isinstance(entry, str | bytes)]
    if texts:
        repair = "Give y.astype(float) if these are numbers, or use MLPClassifier for labels."
        raise DataTypeError(phrase("y", "must hold numbers", texts[0], repair=repair, owner=owner))


def checked_weights(estimator: Any, weight: Any, X: Any) -> np.ndarray | None:
    """Check the weights of the rows X, which must be >= 0; None stays None."""
    if weight is None:
        return None
    with refusals_as_ours("sample_weight", type(estimator).__name__):
        return check_row_weights(weight, X.shape[0], X.dtype)


def check_labels(y: Any, owner: str = "") -> None:
    """Raise if ``y`` does not hold labels, but for example fractions or a mix of strings and numbers."""
    with refusals_as_ours("y", owner):
        if not sparse.issparse(y):
            _refuse_mixed(y, "y", owner)
        check_classification_targets(y)


def _refuse_mixed(y: Any, name: str, owner: str) -> None:
    """Raise for missing labels and for a mix of strings and numbers, which NumPy would convert to strings."""
    array = np.asarray(y)
    if array.dtype.kind == "O":
        entries: Any = array.flat
    elif array.dtype.kind in "SU" and isinstance(y, list | tuple):
        entries = y
    else:
        return
    kinds = {type(entry) for entry in entries}
    texts = {kind for kind in kinds if issubclass(kind, str)}
    if type(None) in kinds or (texts and texts != kinds):
        came = " and ".join(sorted(kind.__name__ for kind in kinds))
        repair = "Make them all strings or all numbers, and drop rows without a label."
        raise DataTypeError(phrase(name, "must hold labels of one type", came, repair=repair, owner=owner))


def classes_of(classes: Any, owner: str) -> np.ndarray:
    """Check the ``classes`` of ``partial_fit``, given once each in any order, and return them sorted.

    Raises
    ------
    DataError
        If there are none, they are not labels, or one is given twice.
    """
    rule = "must be a list of labels of one type, each named once"
    repair = "Give every label that will ever occur, once."
    with refusals_as_ours("classes", owner):
        _refuse_mixed(classes, "classes", owner)
        given = np.asarray(classes)
        if given.ndim != 1 or not given.size or (given.dtype.kind == "f" and np.isnan(given).any()):
            raise DataError(phrase("classes", rule, classes, repair=repair, owner=owner))
        distinct: np.ndarray = unique_labels(given)
    if len(distinct) < len(given):
        raise DataError(phrase("classes", rule, classes, repair=repair, owner=owner))
    return distinct


def _one_column(y: Any) -> Any:
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
