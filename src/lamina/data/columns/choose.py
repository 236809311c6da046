"""Choice of the encoder for a column."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from numbers import Real
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.boolean import BooleanColumn
from lamina.data.columns.category import CategoryColumn
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.date import DateColumn
from lamina.data.columns.missing import is_missing, object_values
from lamina.data.columns.number import NumberColumn
from lamina.errors import DataError

__all__ = ["COLUMN_ENCODERS", "column_from_dict", "column_kind"]

COLUMN_ENCODERS: dict[str, type[ColumnEncoder]] = {
    encoder.kind: encoder for encoder in (NumberColumn, BooleanColumn, DateColumn, CategoryColumn)
}
"""Every kind of column encoder by name."""

_KINDS_OF_TYPE: dict[Callable[[Any], bool], str] = {
    lambda dtype: dtype == nw.Boolean: "boolean",
    lambda dtype: dtype.is_numeric() or isinstance(dtype, nw.Duration): "number",
    lambda dtype: isinstance(dtype, nw.Datetime) or dtype == nw.Date: "date",
    lambda dtype: dtype == nw.String or dtype == nw.Categorical or isinstance(dtype, nw.Enum): "category",
}
_KINDS_OF_VALUE = {
    (bool, np.bool_): "boolean",
    (Real,): "number",
    (datetime.date,): "date",
    (str, bool, Real): "category",
}


def column_kind(series: nw.Series) -> str | None:
    """The column's key in :data:`COLUMN_ENCODERS`, or None if every value is missing."""
    missing = is_missing(series)
    if missing.all():
        return None
    for fits, kind in _KINDS_OF_TYPE.items():
        if fits(series.dtype):
            return kind
    if series.dtype == nw.Object:
        values = object_values(series)[~missing]
        for types, kind in _KINDS_OF_VALUE.items():
            if all(isinstance(value, types) for value in values):
                return kind
    got = _native_type(series) if series.dtype == nw.Unknown else series.dtype
    raise DataError(
        f"column {series.name!r} must hold numbers, truth values, dates or text, got the type {got}. Convert it or leave it out."
    )


def _native_type(series: nw.Series) -> Any:
    """The type as the column's own library names it."""
    native = series.to_native()
    return native.type if hasattr(native, "type") else native.dtype


def column_from_dict(state: dict[str, Any]) -> ColumnEncoder:
    """The encoder described by its ``to_dict``."""
    return COLUMN_ENCODERS[state["kind"]].from_dict(state)
