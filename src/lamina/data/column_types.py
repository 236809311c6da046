"""Columns of text as columns of the types that their texts spell, by the rules that every table is read by."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from lamina.data.arrow_values import value_type
from lamina.data.column_reader import ColumnReader
from lamina.data.formats import BooleanFormat, DurationFormat
from lamina.data.learn_column import Learned, ReadingSettings, learn_column
from lamina.data.notes import note
from lamina.data.opened_column import OpenedColumn
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["plainly_typed", "typed_table"]

_TRUTH = ("true", "false")


def typed_table(table: pa.Table, *, missing: Collection[str] = ()) -> pa.Table:
    """Give each text column the type of what all its fields spell: bool, int64, uint64, float64, timestamp, duration, else text.

    Fields are stripped of surrounding spaces; those that stand for a missing value become null. A whole number with a leading
    zero is a code, not a number, and keeps its column text; so do pairs such as yes and no.

    Examples
    --------
    >>> table = pa.table({"age": ["36", " 41", "?"], "code": ["007", "100", "042"], "born": ["1815-12-10", "1912-06-23", ""]})
    >>> [str(kind) for kind in typed_table(table).schema.types]
    ['int64', 'string', 'timestamp[us]']
    """
    settings = ReadingSettings(missing=tuple(map(str, missing)))
    return pa.table({name: _typed(name, *_learned(name, table[name], settings)) for name in table.column_names})


def plainly_typed(name: str, column: pa.ChunkedArray, *, missing: Collection[str] = ()) -> pa.ChunkedArray | pa.Array:
    """A column of text with the type of plain numbers or of true and false, if it spells these; any other column as it is."""
    if value_type(column.type) != "text":
        return column
    settings = ReadingSettings(missing=tuple(missing))
    opened, learned = _learned(name, column, settings)
    reader = learned.reader
    is_plain = reader is not None and (reader.format is None or reader.format.describe() in ("plain", "true/false"))
    return _typed(name, opened, learned) if is_plain else column


def _learned(name: str, column: pa.ChunkedArray, settings: ReadingSettings) -> tuple[OpenedColumn, Learned]:
    opened = OpenedColumn(column, settings.missing)
    return opened, learn_column(name, opened, settings)


def _typed(name: str, opened: OpenedColumn, learned: Learned) -> pa.ChunkedArray | pa.Array:
    if learned.note:
        note(f"column {name!r}: {learned.note}.")
    if learned.reader is None:
        return pa.nulls(len(opened.column))
    reader = learned.reader
    if reader.kind == "number":
        return _number_column(opened, reader)
    if reader.kind == "date":
        return _date_column(opened, reader)
    if isinstance(reader.format, BooleanFormat) and reader.format.yes == _TRUTH[0]:
        signs = reader.read_opened(opened).array
        return pa.array(signs == 1, mask=signs < 0)
    text = opened.text
    indices = pa.array(text.codes, mask=text.codes < 0)
    return text.texts.cast(pa.string()).take(indices)


def _date_column(opened: OpenedColumn, reader: ColumnReader) -> pa.Array:
    """In microseconds, or in nanoseconds where a text has more than six decimals."""
    text = opened.text
    if text.texts.type == pa.large_string() and pc.any(pc.match_substring_regex(text.texts, r"\.[0-9]{7,9}$")).as_py():
        with suppress(pa.ArrowInvalid):
            return text.texts.cast(pa.timestamp("ns")).take(pa.array(text.codes, mask=text.codes < 0))
    return pa.array(reader.read_opened(opened).array)


def _number_column(opened: OpenedColumn, reader: ColumnReader) -> pa.Array:
    """Whole numbers of 64 bits as such: as floats, those beyond 2^53 would be others."""
    numbers = reader.read_opened(opened).array
    if isinstance(reader.format, DurationFormat):
        missing = np.isnan(numbers)
        return pa.array(np.where(missing, 0, np.round(numbers)).astype(np.int64), mask=missing).cast(pa.duration("us"))
    present = numbers[~np.isnan(numbers)]
    if len(present) == 0 or (present == np.round(present)).all():
        text = opened.text if reader.missing == opened.missing else OpenedColumn(opened.column, reader.missing).text
        texts = pc.replace_substring_regex(text.texts, r"^\+", "")
        for kind in (pa.int64(), pa.uint64()):
            with suppress(pa.ArrowInvalid):
                return texts.cast(kind).take(pa.array(text.codes, mask=text.codes < 0))
    return pa.array(numbers, mask=np.isnan(numbers))
