"""Type inference for the columns of a text table: integers, floats, booleans, dates or text, decided from all rows.

A parser's own guess looks at the first block only, and fails or changes when a later block differs.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from lamina.data.notes import note
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="typing a table")
    pc = OptionalModule("pyarrow.compute", owner="typing a table")

__all__ = ["MISSING", "typed_table"]

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?")

_TIME_UNITS = ("us", "ns")  # nanoseconds only if a field has more than six decimals


def typed_table(table: pa.Table, *, missing: Collection[str] = (), text_columns: Collection[str] = ()) -> pa.Table:
    """Give each text column the narrowest type that fits all its fields: bool, int64, uint64, float64, timestamp, else text.

    Surrounding spaces are stripped; fields in :data:`MISSING` or ``missing`` become null. An integer with a leading zero is
    taken for a code, and its column stays text.

    Examples
    --------
    >>> table = pa.table({"age": ["36", " 41", "?"], "code": ["007", "100", "042"], "born": ["1815-12-10", "1912-06-23", ""]})
    >>> [str(kind) for kind in typed_table(table).schema.types]
    ['int64', 'string', 'timestamp[us]']
    """
    nulls = pa.array([*MISSING, *map(str, missing)])
    columns = {}
    for name in table.column_names:
        column = pc.utf8_trim_whitespace(table[name])
        column = pc.if_else(pc.is_in(column, value_set=nulls), pa.scalar(None, pa.string()), column)
        columns[name] = column if name in text_columns else _typed_column(name, column)
    return pa.table(columns)


def _typed_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))])
    if _all(pc.is_in(pc.utf8_lower(column), value_set=pa.array(["true", "false"]), skip_nulls=True), column):
        return pc.equal(pc.utf8_lower(column), "true")
    if pc.any(pc.match_substring_regex(column, r"^[+-]?0[0-9]")).as_py():
        dates = (_cast(column, pa.timestamp(unit)) for unit in _TIME_UNITS)
        return next((found for found in dates if found is not None), column)
    for kind in (pa.int64(), pa.uint64(), pa.float64(), *map(pa.timestamp, _TIME_UNITS)):
        if (cast := _cast(column, kind)) is not None:
            return cast
    _note_almost_numbers(name, column)
    return column


def _all(flags: pa.ChunkedArray, column: pa.ChunkedArray) -> bool:
    return bool(pc.sum(flags).as_py() == len(column) - column.null_count)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    try:
        # A failing cast is slow (it formats an error for every field), so try a sample first.
        column.slice(0, 100).cast(kind)
        return column.cast(kind)
    except pa.ArrowInvalid:
        return None


def _note_almost_numbers(name: str, column: pa.ChunkedArray) -> None:
    """Note when a few stray words turn a numeric column into text."""
    numeric = pc.match_substring_regex(column, r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$")
    present = len(column) - column.null_count
    stray = present - pc.sum(numeric).as_py()
    if 0 < stray <= 0.1 * present:
        example = column.filter(pc.invert(numeric))[0].as_py()
        note(
            f"column {name!r}: read as text, because {stray} of {present} fields are not numbers, for example {example!r}. "
            f"If that stands for a missing value, set missing=[{example!r}] (--missing {example!r})."
        )
