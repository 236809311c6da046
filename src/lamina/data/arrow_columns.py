"""A column as Arrow holds it: damaged ones are rejected, rarer types become common ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from lamina.data.mixed_column import MixedColumn
from lamina.errors import DataError, shown
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["ArrowColumn", "PlainColumn", "Unreadable", "check_intact", "intact", "plain_column", "text_column", "with_plain_type"]


class Unreadable(NamedTuple):
    """A column that is neither numbers, dates nor text: what its own library calls its type."""

    type: str


PlainColumn: TypeAlias = "pa.ChunkedArray | Unreadable"
ArrowColumn: TypeAlias = "PlainColumn | MixedColumn"


def plain_column(column: ArrowColumn) -> PlainColumn:
    """A column as values of one type."""
    return column.plain if isinstance(column, MixedColumn) else column


def text_column(name: str, texts: Iterable[str | None]) -> pa.ChunkedArray:
    """A column of texts; errors say ``name``.

    Raises
    ------
    DataError
        If one of them cannot be written.

    Examples
    --------
    >>> text_column("city", ["Ulm", "Bonn\\ud800"])
    Traceback (most recent call last):
    lamina.errors.DataError: column 'city' must hold text that UTF-8 can write, got 'Bonn\\ud800'. Correct it.
    """
    try:
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    except UnicodeEncodeError as error:
        raise DataError(f"column {name!r} must hold text that UTF-8 can write, got {shown(error.object)}. Correct it.") from error


def intact(owner: str, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with a common type, once it is known to be whole.

    Raises
    ------
    DataError
        If it is damaged.
    """
    check_intact(owner, name, column)
    return with_plain_type(column)


def check_intact(owner: str, name: str, column: pa.ChunkedArray) -> None:
    """Refuse a damaged column.

    Raises
    ------
    DataError
    """
    # Reads every string and code: 25 ms of CPU time for 1,000,000 rows of six numbers, three strings and a dictionary.
    try:
        column.validate(full=True)
    except pa.ArrowException as error:
        words = " ".join(str(error).split())[:160]
        raise DataError(
            f"{owner}: every column must be intact, got damaged data in {name!r} ({words}). "
            "Write the table again, with text as UTF-8."
        ) from error


def with_plain_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with a common type in place of a rarer one."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    plain = _plain_type(column.type)
    return column if plain == column.type else column.cast(plain)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered)
    # A cast to types with 32-bit offsets fails if a chunk holds more than 2 GB of text.
    for fits, plain in _plain_types():
        if fits(kind):
            return plain
    if pa.types.is_decimal(kind) and kind.bit_width < 128:
        return pa.decimal128(kind.precision, kind.scale)
    return kind


def _plain_types() -> tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...]:
    return (
        (pa.types.is_string_view, pa.large_string()),
        (pa.types.is_binary_view, pa.large_binary()),
        (pa.types.is_float16, pa.float32()),
        (pa.types.is_date64, pa.timestamp("ms")),
    )
