"""What a caller gives as X, as columns: data frames with their names, arrays with names made for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_array

from lamina.caller import warn_caller
from lamina.data.arrow_columns import ArrowColumn, Unreadable, text_column
from lamina.data.arrow_tables import Columns, as_columns, column_or_error
from lamina.data.mixed_column import MixedColumn, has_truths_among_numbers
from lamina.data.names import value_name
from lamina.data.pandas_columns import missing_among, name_in_column
from lamina.data.row import Row, as_rows
from lamina.data.shards import are_shards
from lamina.errors import DataError
from lamina.estimators.given_data import refusals_as_ours
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["GivenColumns", "as_array", "column_of_array", "given_columns", "known_columns", "known_rows", "without_rows"]


class GivenColumns(NamedTuple):
    """The columns of X, and whether their names are its own."""

    columns: Columns
    has_names: bool


def given_columns(X: Any, *, owner: str, fewest_rows: int = 1) -> GivenColumns:
    """The columns of a data frame, or of an array or list of rows, which are then named x0, x1, ….

    Names of a frame that are all no text, such as numbers, are taken as text, but do not count as its own.

    Raises
    ------
    DataError
        If it is neither, has no rows or columns, or its numbers are complex.
    """
    if isinstance(X, Columns):
        return GivenColumns(X, True)
    if are_shards(X):
        as_columns(X, owner=owner)  # refuses files, and says what takes them
    if _is_frame(X):
        renamed = _with_text_names(X)
        return GivenColumns(as_columns(X if renamed is None else renamed, owner=owner), renamed is None)
    require("pyarrow", owner=owner)
    with refusals_as_ours("X", owner):
        settings = {"dtype": None, "ensure_all_finite": False, "ensure_min_samples": fewest_rows}
        array = check_array(as_array(X), **settings, estimator=owner, input_name="X")
    columns = {f"x{i}": column_or_error(partial(column_of_array, array[:, i], f"x{i}")) for i in range(array.shape[1])}
    return GivenColumns(Columns(columns, len(array)), False)


def known_rows(X: Any, names: list[str], has_names: bool, *, owner: str) -> Row | Columns:
    """New rows, also as :func:`as_rows` takes them where training had names; without names, a row is one of an array.

    Raises
    ------
    DataError
        As :func:`as_rows` and :func:`known_columns`.
    """
    rows = as_rows(X, names, owner=owner) if has_names else None
    return known_columns(X, names, has_names, owner=owner) if rows is None else rows


def known_columns(X: Any, names: list[str], has_names: bool, *, owner: str) -> Columns:
    """The columns of new rows under the names that were learned: of frames that have them by name, else by position.

    Raises
    ------
    DataError
        If an array has another number of columns, or as :func:`given_columns`.
    """
    columns, named = given_columns(X, owner=owner)
    if named and has_names:
        return columns
    if not has_names and set(columns) == set(names):
        return Columns({name: columns.by_name[name] for name in names}, columns.num_rows)
    if len(columns) != len(names):
        raise DataError(f"X has {len(columns)} features, but {owner} is expecting {len(names)} features as input.")
    if has_names:
        text = f"X does not have valid feature names, but {owner} was fitted with feature names"
        warn_caller(text, UserWarning)
    return Columns(dict(zip(names, columns.by_name.values(), strict=True)), columns.num_rows)


def without_rows(columns: Columns, keep: np.ndarray) -> Columns:
    """The rows of a mask."""
    mask = pa.array(keep)
    kept = {name: col if isinstance(col, Unreadable) else col.filter(mask) for name, col in columns.items()}
    return Columns(kept, int(keep.sum()))


def as_array(given: Any) -> Any:
    """An array; lists of texts beside numbers keep both."""
    if isinstance(given, list | tuple):
        array = np.asarray(given)
        return np.asarray(given, dtype=object) if array.dtype.kind in "US" else array
    return given


def column_of_array(values: np.ndarray, name: str) -> ArrowColumn:
    """A column of an array; errors say ``name``.

    Raises
    ------
    DataError
        If it holds text that UTF-8 cannot write, or a number beyond floats.
    """
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float64)
    try:
        # NaN among objects is a missing value; among numbers it stays NaN, which is read as missing too.
        array = pa.array(np.ascontiguousarray(values), from_pandas=values.dtype == object)
        if values.dtype != object or not has_truths_among_numbers(array, values):
            return pa.chunked_array([array])
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # values of several types
    missing = missing_among(values)
    names = [None if nothing else name_in_column(name, value) for value, nothing in zip(values.tolist(), missing, strict=True)]
    texts = text_column(name, names)
    return MixedColumn.of(values, missing, texts) or texts


def _is_frame(X: Any) -> bool:
    """Whether an object has named columns, rather than rows."""
    if getattr(X, "ndim", 2) != 2 or isinstance(X, np.ndarray):
        return False
    return hasattr(X, "__arrow_c_stream__") or (hasattr(X, "columns") and not callable(X.columns)) or hasattr(X, "to_native")


def _with_text_names(X: Any) -> Any:
    """A pandas frame of which no column has a text for a name, under texts; None for any other frame."""
    if not hasattr(X, "iloc") or not len(X.columns) or any(isinstance(name, str) for name in X.columns):
        return None
    names = [value_name(name) if isinstance(name, int | float) else str(name) for name in X.columns]
    return X.set_axis(names, axis=1)
