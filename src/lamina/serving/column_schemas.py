"""What a column of a table takes, as a JSON schema, and a value that it takes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.data.column_reader import ColumnReader
from lamina.data.column_summary import ColumnRow
from lamina.data.columns import BooleanColumn, CategoryColumn, CodedColumn, ColumnEncoder, DateColumn, NumberColumn
from lamina.data.formats import DateFormat

__all__ = ["column_schema", "example_of"]

_TYPES: Mapping[str, list[str]] = MappingProxyType(
    {
        "number": ["number", "boolean", "string", "null"],
        "boolean": ["boolean", "number", "string", "null"],
        "date": ["string", "null"],
        "category": ["string", "number", "boolean", "null"],
        "text": ["string", "null"],
    }
)
_DATES: Mapping[str, str] = MappingProxyType({"ymd": "%Y-%m-%d", "dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y"})
_MOST_EXAMPLES = 100


def column_schema(encoder: ColumnEncoder, row: ColumnRow) -> dict[str, Any]:
    """The JSON schema of a column; what training has not seen is allowed, so its values are examples."""
    says = [row.kind, *([f"written as {row.form}"] if row.form else [])]
    if isinstance(encoder, NumberColumn):
        says.append(f"in training from {encoder.low:g} to {encoder.high:g}")
    schema: dict[str, Any] = {"type": _TYPES[encoder.reads], "description": "; ".join(says)}
    if isinstance(encoder, CategoryColumn | CodedColumn):
        schema["examples"] = list(encoder.categories[:_MOST_EXAMPLES])
    return schema


def example_of(encoder: ColumnEncoder, reader: ColumnReader) -> Any:
    """A value that the column takes: the middle one, or a frequent one."""
    if isinstance(encoder, NumberColumn):
        return _number(encoder.center)
    if isinstance(encoder, BooleanColumn):
        return True
    if isinstance(encoder, DateColumn):
        return _date(encoder.trend.center, reader)
    if isinstance(encoder, CategoryColumn | CodedColumn):
        return encoder.categories[0] if encoder.categories else None
    return ""


def _number(center: float) -> int | float:
    return int(center) if center.is_integer() and abs(center) < 2**53 else center


def _date(days: float, reader: ColumnReader) -> str | None:
    form = _DATES[reader.format.order] if isinstance(reader.format, DateFormat) else _DATES["ymd"]
    found = np.datetime64(round(days), "D").item()
    return found.strftime(form) if isinstance(found, datetime.date) and found.year >= 1000 else None
