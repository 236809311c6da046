"""Which encoder a column gets."""

from __future__ import annotations

from typing import Any

from lamina.data.columns.boolean import BooleanColumn
from lamina.data.columns.category import CategoryColumn
from lamina.data.columns.coded import CodedColumn
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.date import DateColumn
from lamina.data.columns.free_text import FreeTextColumn
from lamina.data.columns.number import NumberColumn

__all__ = ["COLUMN_ENCODERS", "column_from_dict"]

COLUMN_ENCODERS: dict[str, type[ColumnEncoder]] = {
    encoder.kind: encoder for encoder in (NumberColumn, BooleanColumn, DateColumn, CategoryColumn, CodedColumn, FreeTextColumn)
}
"""Every kind of column encoder by name."""


def column_from_dict(state: dict[str, Any]) -> ColumnEncoder:
    """The encoder described by a dict that ``to_dict`` returned."""
    return COLUMN_ENCODERS[state["kind"]].from_dict(state)
