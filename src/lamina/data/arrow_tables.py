"""Arrow tables made safe and plain: damaged columns are refused, and rarer types become those that everything above knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina.errors import DataError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["plain_pandas", "plain_table"]


def plain_table(owner: str, table: pa.Table) -> pa.Table:
    """The same values in types that every reader and narwhals share, once each column is known to be whole.

    Views of text and bytes (polars writes them) become large texts and bytes, dictionaries of such likewise; run-end encoded
    columns are decoded, extension types become what they are stored as, float16 becomes float32, small decimals decimal128,
    date64 a timestamp.

    Raises
    ------
    DataError
        If a column is damaged: offsets that point outside the data, codes without a word, text that is not UTF-8. Arrow itself
        would go on and read memory that is not the table's.

    Examples
    --------
    >>> plain_table("example", pa.table({"a": pa.array(["x"], pa.string_view())})).schema.types
    [DataType(large_string)]
    """
    columns = table.columns
    for name, column in zip(table.column_names, columns, strict=True):
        _check_whole(owner, name, column)
    plain = [_plain(column) for column in columns]
    if all(new is old for new, old in zip(plain, columns, strict=True)):
        return table
    return pa.Table.from_arrays(plain, names=table.column_names)


def plain_pandas(owner: str, frame: Any) -> Any:
    """A frame of pandas, its columns with Arrow types passed through :func:`plain_table`."""
    kinds = {name: type(kind) for name, kind in frame.dtypes.items() if hasattr(kind, "pyarrow_dtype")}
    table = pa.Table.from_pandas(frame[list(kinds)], preserve_index=False)
    if (plain := plain_table(owner, table)) is table:
        return frame
    columns = plain.to_pandas(types_mapper=next(iter(kinds.values()))).set_axis(frame.index)
    return frame.assign(**{name: columns[name] for name in kinds})


def _check_whole(owner: str, name: str, column: pa.ChunkedArray) -> None:
    # Looks at every text and code: 25 ms of a processor for 1,000,000 rows of six numbers, three texts and a dictionary.
    try:
        column.validate(full=True)
    except pa.ArrowException as error:
        words = " ".join(str(error).split())[:160]
        raise DataError(
            f"{owner}: every column must be whole, got damage in {name!r} ({words}). Write the table again, with text as UTF-8."
        ) from error


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    plain = _plain_type(column.type)
    return column if plain == column.type else column.cast(plain)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered)
    # A cast to types with offsets of 32 bits fails where a chunk's text is longer than 2 GB.
    for fits, plain in _plain_types():
        if fits(kind):
            return plain
    if pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind):
        return pa.decimal128(kind.precision, kind.scale)
    return kind


def _plain_types() -> tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...]:
    return (
        (pa.types.is_string_view, pa.large_string()),
        (pa.types.is_binary_view, pa.large_binary()),
        (pa.types.is_float16, pa.float32()),
        (pa.types.is_date64, pa.timestamp("ms")),
    )
