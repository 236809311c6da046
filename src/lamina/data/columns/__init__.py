"""One encoder a kind of column: number, boolean, date, category."""

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
