"""Text tables: the checks that turn a wrong file into one clear sentence, then pyarrow's parser, then the typing of columns."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.data.checks import check_column_names
from lamina.data.column_types import typed_table
from lamina.data.notes import note
from lamina.errors import DataError, FileError, InvalidSettingError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    arrow_csv = OptionalModule("pyarrow.csv", owner="reading tables")

__all__ = ["read_csv"]

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
_DELIMITERS = ",;\t|"


def read_csv(
    path: Path,
    *,
    delimiter: str | None,
    encoding: str,
    missing: Collection[str],
    text_columns: Collection[str],
    drop_ragged: bool,
) -> pa.Table:
    """Read one text table; see :func:`lamina.data.readers.read_table` for the parameters."""
    name = str(path)
    data = _as_utf8(name, _read_bytes(path), encoding)
    names, delimiter = _header(name, data, delimiter)
    check_column_names(name, names)
    ragged: list[Any] = []

    def keep_ragged(row: Any) -> str:
        ragged.append(row)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data.rstrip(b"\r\n") + b"\n"),
            # One block, so that no row is cut in two and rows are numbered; one thread, for the same reason.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 2, column_names=names, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_ragged, ignore_empty_lines=len(names) > 1
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{name}: must be a text table, but cannot be parsed as one ({error}). Check its delimiter and quotes."
        ) from error
    _check_quotes(name, data, table)
    _report_ragged(name, ragged, len(names), drop_ragged)
    return typed_table(table, missing=missing, text_columns=text_columns)


def _read_bytes(path: Path) -> bytes:
    name = str(path)
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b" and path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileError(f"{name!r} is damaged: its gzip data ends early or is garbled. Take a copy that is whole.") from error
    except OSError as error:
        raise FileError(f"cannot read {name!r}: {(error.strerror or str(error)).lower()}. Check its permissions.") from error
    if not data.strip():
        raise DataError(
            f"{name}: a table must have a header and at least one row, got an empty file. Check that it was written whole."
        )
    return data


def _as_utf8(name: str, data: bytes, encoding: str) -> bytes:
    """The text as UTF-8 without a byte order mark, once it is known to be text."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise FileError(f"{name!r} must be a text table, as its name says, got {kind}. Rename it or export it as CSV.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding.lower().startswith("utf-8"):
        raise DataError(f"{name}: must be UTF-8 text, got UTF-16. Name its encoding: encoding='utf-16' (--encoding utf-16).")
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise InvalidSettingError(
            f"encoding must be one that Python knows, got {encoding!r}. Use 'utf-8', 'cp1252' or 'latin-1'."
        ) from error
    except UnicodeError as error:
        raise _wrong_encoding(name, data, encoding, error) from error
    if "\0" in text:
        raise FileError(f"{name!r} must be a text table, as its name says, got binary data. Export it as CSV, or rename it.")
    return text.encode()


def _wrong_encoding(name: str, data: bytes, encoding: str, error: UnicodeError) -> DataError | FileError:
    if b"\0" in data:
        return FileError(f"{name!r} must be a text table, as its name says, got binary data. Export it as CSV, or rename it.")
    start = getattr(error, "start", 0)
    line = data.count(b"\n", 0, start) + 1
    return DataError(
        f"{name}: must be text in {encoding}, got the byte 0x{data[start]:02x} in line {line}. "
        "Name its encoding: encoding='cp1252' (--encoding cp1252) is usual."
    )


def _header(name: str, data: bytes, delimiter: str | None) -> tuple[list[str], str]:
    """The column names of the first line, and the delimiter."""
    line = data.split(b"\n", 1)[0].decode().rstrip("\r")
    if not line.strip():
        raise DataError(f"{name}: the first line must hold the column names, got a blank line. Remove it.")
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=line.count)
    elif len(delimiter) != 1:
        raise InvalidSettingError(f"delimiter must be one character, got {delimiter!r}. Use ',', ';', '|' or a tab.")
    names = next(csv.reader(io.StringIO(line), delimiter=delimiter))
    return [column.strip() or f"unnamed_{i + 1}" for i, column in enumerate(names)], delimiter


def _check_quotes(name: str, data: bytes, table: pa.Table) -> None:
    """A quote that is never closed swallows the rest of the file into one field, which no parser calls an error."""
    if data.count(b'"') % 2 == 0 or table.num_rows == 0:
        return
    last = [value for value in table.slice(table.num_rows - 1).to_pylist()[0].values() if value and "\n" in value]
    if last:
        start = last[-1].split("\n")[0][:40]
        raise DataError(f"{name}: every quote must be closed, got one that never is, before {start!r}. Close it or remove it.")


def _report_ragged(name: str, ragged: list[Any], width: int, drop: bool) -> None:
    if not ragged:
        return
    first = ragged[0]
    got = f"{first.actual_columns} in row {first.number} ({first.text[:40]!r})"
    more = f" and {len(ragged) - 1} more such rows" if len(ragged) > 1 else ""
    if drop:
        note(f"{name}: dropped {len(ragged)} rows that do not have {width} fields, the first with {got}.")
        return
    raise DataError(
        f"{name}: every row must have {width} fields, as the header has, got {got}{more}. "
        "Correct them, quote fields that hold the delimiter, or drop such rows (--drop-ragged)."
    )
