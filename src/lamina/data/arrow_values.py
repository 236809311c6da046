"""The values of Arrow columns that are not text, as NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.data.names import value_name
from lamina.data.values import MISSING_CODE
from lamina.errors import DataError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["booleans_of", "dates_of", "named_codes_of", "numbers_of", "value_type"]

#: Years whose microseconds fit in 64 bits.
_FIRST_YEAR, _LAST_YEAR = -290_000, 294_000
_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0}


def value_type(kind: pa.DataType) -> str | None:
    """What the values of a type are: "number", "boolean", "date", "text", "nothing", or None for what cannot be encoded."""
    types = pa.types
    if types.is_dictionary(kind):
        return value_type(kind.value_type)
    if types.is_null(kind):
        return "nothing"
    if types.is_boolean(kind):
        return "boolean"
    if types.is_string(kind) or types.is_large_string(kind):
        return "text"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    return "number" if is_number or types.is_duration(kind) or types.is_time(kind) else None


def numbers_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers, truth values, durations or times of day; ndarray of shape (n,) float64, NaN where missing.

    Durations and times of day are in microseconds.
    """
    column = _decoded(column)
    kind = column.type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.string())  # the cast to floats rounds twice
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_duration(kind) or pa.types.is_time(kind):
        counts = column.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64())
        numbers = _floats(counts)
        return numbers / 1e3 if kind.unit == "ns" else numbers * _MICROSECONDS[kind.unit]
    return _floats(column)


def booleans_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of truth values, ndarray of shape (n,) int8, -1 where missing."""
    return np.asarray(_decoded(column).cast(pa.int8()).fill_null(MISSING_CODE))


def dates_of(name: str, column: pa.ChunkedArray) -> np.ndarray:
    """A column of dates or times in UTC, ndarray of shape (n,) datetime64[us], NaT where missing.

    Raises
    ------
    DataError
        If a date is too far away for microseconds in 64 bits.
    """
    column = _decoded(column)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit))
    times = np.asarray(column.to_numpy())
    return _in_microseconds(name, times if times.dtype.kind == "M" else times.astype("M8[D]"))


def _in_microseconds(name: str, times: np.ndarray) -> np.ndarray:
    """Times of any unit in microseconds, rounded down.

    Raises
    ------
    DataError
        If a date is too far away.
    """
    # Depending on its version, NumPy wraps dates that are too far away to another year, or rejects the conversion.
    years = times.astype("M8[Y]").astype(np.int64) + 1970
    is_too_far = ((years < _FIRST_YEAR) | (years > _LAST_YEAR)) & ~np.isnat(times)
    if is_too_far.any():
        row = int(np.flatnonzero(is_too_far)[0])
        rule = f"must hold dates between the years {_FIRST_YEAR} and {_LAST_YEAR}"
        raise DataError(f"column {name!r} {rule}, got {times[row]!s} (row {row + 1}). Correct it or leave it empty.")
    return times.astype("M8[us]")


def named_codes_of(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """A column's values as codes, ndarray of shape (n,) int32, -1 where missing, and the name of each code.

    A name may occur twice: that of 7 and of 7.00.
    """
    column = _decoded(column)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    encoded = column.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return np.zeros(0, np.int32), np.zeros(0, object)
    codes = np.concatenate([np.asarray(chunk.indices.cast(pa.int32()).fill_null(MISSING_CODE)) for chunk in encoded.chunks])
    names = np.array([value_name(value) for value in _listed(encoded.chunk(0).dictionary)], dtype=object)
    return codes, names


def _listed(values: pa.Array) -> list[object]:
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return list(dates_of("", pa.chunked_array([values])))
    listed: list[object] = values.to_pylist()
    return listed


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    # Arrow's safe cast rejects whole numbers beyond 2^53.
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
