"""A table that a page learns from: named on the command line, or sent by the page."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.caller import warnings_told
from lamina.data import TableEncoder
from lamina.data.file_errors import FEATHER, PARQUET
from lamina.data.readers import TABLE_SUFFIXES, read_table
from lamina.data.unpacked_size import check_unpacked
from lamina.errors import DataError, FileError, LaminaError, phrase

__all__ = ["OpenedTable", "open_file", "open_upload"]

_USUAL = "utf-8"
_PLAIN_TEXT = tuple(suffix for suffix in TABLE_SUFFIXES if suffix in (".csv", ".tsv", ".txt", ".data"))
_BLOCK = 1 << 20
_OPTIONS = re.compile(r" \(--[a-z][^)]*\)")
_MOST_UNPACKED = 500_000_000  # bytes of a packed table


@dataclass(frozen=True, eq=False)
class OpenedTable:
    """A table in memory.

    Attributes
    ----------
    name : str
        Of its file.
    columns : pyarrow.Table
        Text as it is written.
    kinds : dict of str to str
        What each column was taken for.
    note : str, default=""
        How its text was read, if not in the usual way.
    """

    name: str
    columns: Any
    kinds: dict[str, str]
    note: str = ""

    def described(self) -> dict[str, Any]:
        """What a page says of it."""
        return {"name": self.name, "rows": self.columns.num_rows, "columns": self.kinds, "note": self.note}


def open_file(path: str | os.PathLike[str], name: str = "") -> OpenedTable:
    """Read a table, and learn the kinds of its columns.

    Raises
    ------
    FileError, DataError
        If it is none.
    """
    encoding = _encoding_of(path)
    try:
        columns = read_table(path, encoding=encoding, as_text=True)
    except LaminaError as error:  # the lab has none of the options that other commands read a table by
        raise type(error)(_OPTIONS.sub("", str(error))) from error
    with warnings_told(lambda text: None):  # of columns that say nothing: one of them may be the target
        kinds = {row.column: row.kind for row in TableEncoder().fit(columns).columns_}
    note = "" if encoding == _USUAL else f"The file is not written in {_USUAL}; it was read as {encoding}."
    return OpenedTable(name or Path(path).name, columns, kinds, note)


def _encoding_of(path: str | os.PathLike[str]) -> str:
    """That of a text file: "utf-8" wherever it can be, since few who look at a page know what their file is written in."""
    if not Path(path).is_file() or not Path(path).name.lower().endswith(_PLAIN_TEXT):
        return _USUAL
    decoder = codecs.getincrementaldecoder(_USUAL)()
    with Path(path).open("rb") as file:
        begin = file.read(2)
        if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        try:
            for block in iter(lambda: file.read(_BLOCK), b""):
                decoder.decode(begin + block)
                begin = b""
            decoder.decode(begin, final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return _USUAL


def open_upload(content: bytes, name: str) -> OpenedTable:
    """Read a table that came through the network, from a file that is there no longer afterwards.

    Raises
    ------
    FileError, DataError
        If it is none, or takes more memory than any table that fits the lab.
    """
    suffix = next((ending for ending in sorted(TABLE_SUFFIXES, key=len, reverse=True) if name.lower().endswith(ending)), None)
    if suffix is None:
        repair = "Send a file of one of these kinds."
        raise FileError(phrase("the file's name", f"must end in one of {', '.join(TABLE_SUFFIXES)}", name[:40], repair=repair))
    if suffix.endswith(".gz"):
        content, suffix = _unpacked(content, name), suffix.removesuffix(".gz")
    with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        path = Path(folder, f"table{suffix}")
        path.write_bytes(content)
        try:
            if suffix in (*PARQUET, *FEATHER):
                check_unpacked(path, _MOST_UNPACKED)
            return open_file(path, Path(name).name)
        except LaminaError as error:
            raise DataError(str(error).replace(str(path), Path(name).name)) from error


def _unpacked(content: bytes, name: str) -> bytes:
    """What a gzip file holds.

    Raises
    ------
    FileError
        If it is none, or holds more than any table that fits the lab.
    """
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(_MOST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error):
        raise FileError(f"{Path(name).name}: is damaged, or no gzip file. Write it again.") from None
    if len(unpacked) > _MOST_UNPACKED:
        raise FileError(f"{Path(name).name}: holds more than {_MOST_UNPACKED:,} bytes. Send fewer rows.")
    return unpacked
