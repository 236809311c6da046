"""Series of pandas and arrays of Python objects as columns that Arrow holds."""

from __future__ import annotations

import sys
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.arrow_columns import ArrowColumn, Unreadable, check_intact, text_column, with_plain_type
from lamina.data.mixed_column import MixedColumn, has_truths_among_numbers
from lamina.data.names import value_name
from lamina.errors import DataError, shown
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["missing_among", "name_in_column", "objects_column", "pandas_column"]


def pandas_column(owner: str, name: str, series: Any) -> ArrowColumn:
    """The column of a series of pandas; errors say ``name``.

    Raises
    ------
    DataError
        If an Arrow column is damaged, or Python objects are numbers or texts that no column can hold.
    """
    dtype = series.dtype
    kind = type(dtype).__name__
    if kind == "SparseDtype":
        series = series.sparse.to_dense()
    elif kind == "PeriodDtype":
        series = series.dt.to_timestamp()
    elif kind == "IntervalDtype":
        series = series.astype(object)
    elif kind == "CategoricalDtype" and type(dtype.categories.dtype).__name__ == "IntervalDtype":
        series = series.cat.rename_categories([str(interval) for interval in dtype.categories])
    if series.dtype == object:
        return objects_column(name, series.to_numpy(dtype=object))
    try:
        # Plain numbers as they lie in memory; NaN stays NaN.
        plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf"
        array = pa.array(series.to_numpy()) if plain else pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError):
        return Unreadable(str(dtype))
    column = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if kind == "ArrowDtype":
        check_intact(owner, name, column)
    return with_plain_type(column)


def objects_column(name: str, values: np.ndarray) -> ArrowColumn:
    """The column of an array of Python objects, as what they all are; texts, numbers and truth values side by side are mixed.

    Raises
    ------
    DataError
        If they are numbers or texts that no column can hold.
    """
    try:
        array = pa.array(values, from_pandas=True)
        if not has_truths_among_numbers(array, values):
            return with_plain_type(pa.chunked_array([array]))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # mixed, or nothing that Arrow knows
    missing = missing_among(values)
    for kind, unit in ((np.datetime64, "M8[us]"), (np.timedelta64, "m8[us]")):
        if all(isinstance(value, kind) for value in values[~missing]):
            filled = values.copy()
            filled[missing] = None
            return pa.chunked_array([pa.array(filled.astype(unit))])
    present = [str(value) if type(value).__name__ == "Interval" else value for value in values[~missing]]
    odd = next((value for value in present if not isinstance(value, str | float | bool | np.bool_ | Real | Decimal)), None)
    if odd is not None:
        return Unreadable(f"object, with a {type(odd).__name__} among them")
    filled = np.full(len(values), None, dtype=object)
    filled[~missing] = [name_in_column(name, value) for value in present]
    texts = text_column(name, filled)
    filled[~missing] = present
    return MixedColumn.of(filled, missing, texts) or texts


def missing_among(values: np.ndarray) -> np.ndarray:
    """Which Python objects of an array are missing values of any library, ndarray of bool."""
    if (pandas := sys.modules.get("pandas")) is not None:  # whose own NA and NaT may be among them
        return np.asarray(pandas.isna(values), dtype=bool)
    return np.array(
        [value is None or (isinstance(value, Real | Decimal | np.generic) and value != value) for value in values], dtype=bool
    )


def name_in_column(column: str, value: Any) -> str:
    """What a value is called among texts.

    Raises
    ------
    DataError
        For a number beyond floats.
    """
    try:
        float(value if isinstance(value, Real | Decimal) else 0)
    except (OverflowError, ValueError) as error:
        raise DataError(f"column {column!r} must hold numbers that a float can hold, got {shown(value)}. Correct it.") from error
    return value_name(value)
