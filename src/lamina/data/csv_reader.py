"""Reader of text tables: checks that give one clear error for a bad file, then pyarrow's parser, then type inference."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.data.checks import check_column_names
from lamina.data.csv_header import Header, read_header
from lamina.data.notes import note
from lamina.errors import DataError, FileError, InvalidSettingError, counted
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    arrow_csv = OptionalModule("pyarrow.csv", owner="reading tables")

__all__ = ["codec_of", "parsing_options", "read_csv", "report_ragged"]

_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"ARROW1": "a Feather file",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"SQLite format 3": "an SQLite database",
}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BLOCK = 1 << 20  # bytes
_LARGEST_BLOCK = 2**31 - 1  # of pyarrow's parser, bytes
_LINE_BREAK = re.compile("[\r\n]")


def read_csv(
    path: Path,
    *,
    delimiter: str | None,
    encoding: str,
    drop_ragged: bool,
) -> pa.Table:
    """Read one text table; see :func:`lamina.data.readers.read_table` for the parameters."""
    name = str(path)
    data = _read_bytes(path)
    text = _as_text(name, data, encoding)
    header = read_header(name, text, delimiter)
    check_column_names(name, header.names)
    body = _body(data, text, header, encoding)
    del text  # avoids one more copy of a large table in memory
    if not body:
        return pa.table({column: pa.nulls(0) for column in header.names})
    has_quotes = b'"' in data or codec_of(encoding) != "utf-8"
    table, ragged = _parsed(body, header, has_quotes=has_quotes)
    if has_quotes:
        _check_quotes(name, body, table, ragged)
    report_ragged(name, ragged, len(header.names), drop_ragged)
    return table


def _body(data: bytes, text: str, header: Header, encoding: str) -> bytes | memoryview:
    """The rows below the header as UTF-8, without line breaks behind the last; those of a file in UTF-8 where they lie."""
    if codec_of(encoding) != "utf-8":
        return f"{text[header.end :]}".rstrip("\r\n").encode() + b"\n"
    start = len(text[: header.end].encode()) + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    stop = len(data)
    while stop > start and data[stop - 1] in b"\r\n":
        stop -= 1
    # A quote that is never closed is found by the line break that it swallows.
    body = memoryview(data)[start:stop]
    return b"".join((body, b"\n")) if b'"' in data else body


def _parsed(body: bytes | memoryview, header: Header, *, has_quotes: bool) -> tuple[pa.Table, list[Any]]:
    """All fields as text, empty ones as null, and the rows that have too few or too many."""
    # Blocks that fit in the cache are read twice as fast; a row that is longer than one takes a block for all.
    whole = min(len(body) + 1, _LARGEST_BLOCK)
    try:
        return _parsed_by(body, header, min(_BLOCK, whole), has_quotes)
    except pa.ArrowInvalid as error:
        if "straddl" not in str(error):
            raise
        return _parsed_by(body, header, whole, has_quotes)


def _parsed_by(body: bytes | memoryview, header: Header, block_size: int, has_quotes: bool) -> tuple[pa.Table, list[Any]]:
    ragged: list[Any] = []

    def keep_ragged(row: Any) -> str:
        ragged.append(row)
        return "skip"

    parse, convert = parsing_options(header, keep_ragged, has_quotes=has_quotes)
    table = arrow_csv.read_csv(
        pa.BufferReader(body),
        # One thread, so that rows are numbered.
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=block_size, column_names=header.names),
        parse_options=parse,
        convert_options=convert,
    )
    return table, ragged


def parsing_options(
    header: Header, on_ragged: Callable[[Any], str], *, has_quotes: bool
) -> tuple[arrow_csv.ParseOptions, arrow_csv.ConvertOptions]:
    """How pyarrow parses the rows below a header: all fields as text, empty ones as null."""
    parse = arrow_csv.ParseOptions(
        delimiter=header.delimiter,
        newlines_in_values=has_quotes,  # slow, and a line break is in a value only if quoted
        invalid_row_handler=on_ragged,
        ignore_empty_lines=len(header.names) > 1,
    )
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(header.names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    return parse, convert


def _read_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b" and path.suffix.lower() == ".gz":
        data = gzip.decompress(data)
    if not data[:4096].strip() and not data.strip():
        raise DataError(
            f"{path}: a table must have a header and at least one row, got an empty file. Check that it was written completely."
        )
    return data


def _as_text(name: str, data: bytes, encoding: str) -> str:
    """The decoded text without a byte order mark; raises if the data are not text."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise FileError(f"{name!r} must be a text table, as its name says, got {kind}. Rename it or export it as CSV.")
    codec = codec_of(encoding)
    if codec == "utf-8":
        for mark, other in _BYTE_ORDER_MARKS.items():
            if data.startswith(mark):
                repair = f"Set encoding={other!r} (--encoding {other})."
                raise DataError(f"{name}: must be UTF-8 text, got {other.upper()}. {repair}")
    try:
        text = data.decode(codec).removeprefix("\ufeff")
    except UnicodeError as error:
        raise _wrong_encoding(name, data, encoding, error) from error
    if "\0" in text:
        raise _binary(name, text.count("\0"), _line(text, text.index("\0")))
    return text


def codec_of(encoding: str) -> str:
    """Python's name of an encoding.

    Raises
    ------
    InvalidSettingError
        If there is no such encoding of text.
    """
    try:
        "".encode(encoding)  # rejects codecs that do not encode text, such as hex
        return codecs.lookup(encoding).name
    except (LookupError, TypeError, ValueError) as error:
        raise InvalidSettingError(
            f"encoding must be one that Python knows, got {encoding!r}. Use 'utf-8', 'cp1252' or 'latin-1'."
        ) from error


def _wrong_encoding(name: str, data: bytes, encoding: str, error: UnicodeError) -> DataError | FileError:
    start = getattr(error, "start", 0)
    if zeros := data.count(0):
        return _binary(name, zeros, _line(data.decode("latin-1"), data.index(0)))
    return DataError(
        f"{name}: must be text in {encoding}, got the byte 0x{data[start]:02x} in line {_line(data.decode('latin-1'), start)}. "
        "Set its encoding, usually encoding='cp1252' (--encoding cp1252)."
    )


def _binary(name: str, count: int, line: int) -> FileError:
    return FileError(
        f"{name!r} must be a text table, as its name says, got binary data: {count} zero bytes, the first in line {line}. "
        "Export it as CSV, or rename it."
    )


def _line(text: str, position: int) -> int:
    """The line number, from 1, of a position; lines may end with LF, CR or CRLF."""
    return len(re.findall("\r\n|\r|\n", text[:position])) + 1


def _check_quotes(name: str, body: bytes | memoryview, table: pa.Table, ragged: list[Any]) -> None:
    """Reject an unclosed quote: it swallows the rest of the file into one field, which no parser reports as an error."""
    text = bytes(body)
    if text.count(b'"') % 2 == 0:
        return
    last = [value for row in table.slice(max(table.num_rows - 1, 0)).to_pylist() for value in row.values() if value]
    # A ragged row shows the swallowed text only if it is the last row of the file.
    last += [row.text.rpartition('"')[2] for row in ragged[-1:] if text.decode().rstrip().endswith(row.text.rstrip())]
    swallowed = [value for value in last if _LINE_BREAK.search(value)]
    if swallowed:
        start = _LINE_BREAK.split(swallowed[-1])[0][:40]
        raise DataError(f"{name}: every quote must be closed, got an unclosed one before {start!r}. Close it or remove it.")


def report_ragged(name: str, ragged: list[Any], width: int, drop: bool) -> None:
    """Say that rows were dropped that do not have ``width`` fields, or raise.

    Raises
    ------
    DataError
        If there are such rows, unless they are to be dropped.
    """
    if not ragged:
        return
    first = ragged[0]
    got = f"{first.actual_columns} in row {first.number + 1} ({first.text[:40]!r})"  # the header is row 1
    more = f" and {len(ragged) - 1} more such rows" if len(ragged) > 1 else ""
    if drop:
        note(f"{name}: dropped {counted(len(ragged), 'row')} without {width} fields, the first with {got}.")
        return
    raise DataError(
        f"{name}: every row must have {width} fields, like the header, got {got}{more}. "
        "Correct them, quote fields that hold the delimiter, or drop such rows (--drop-ragged)."
    )
