"""One encoder a kind of column: number, boolean, date, category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.data.columns.boolean import BooleanColumn
    from lamina.data.columns.category import CategoryColumn, label_text
    from lamina.data.columns.choose import COLUMN_ENCODERS, column_from_dict, column_kind
    from lamina.data.columns.column_encoder import ColumnEncoder
    from lamina.data.columns.date import DateColumn
    from lamina.data.columns.number import NumberColumn, Scaling

__all__ = [
    "COLUMN_ENCODERS",
    "BooleanColumn",
    "CategoryColumn",
    "ColumnEncoder",
    "DateColumn",
    "NumberColumn",
    "Scaling",
    "column_from_dict",
    "column_kind",
    "label_text",
]

_HOMES = {
    "lamina.data.columns.boolean": "BooleanColumn",
    "lamina.data.columns.category": "CategoryColumn label_text",
    "lamina.data.columns.choose": "COLUMN_ENCODERS column_from_dict column_kind",
    "lamina.data.columns.column_encoder": "ColumnEncoder",
    "lamina.data.columns.date": "DateColumn",
    "lamina.data.columns.number": "NumberColumn Scaling",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
