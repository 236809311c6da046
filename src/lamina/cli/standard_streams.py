"""Tables from standard input and to standard output, for commands that get ``-`` in place of a file."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from lamina.errors import DataError, InvalidSettingError, LaminaError, phrase

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DASH",
    "TableFormat",
    "check_format",
    "has_standard_output",
    "open_missing_streams",
    "read_standard_input",
    "write_bytes",
    "write_standard_output",
]

TableFormat = Literal["csv", "tsv", "parquet", "feather"]
DASH = Path("-")

_WORDS_ABOUT_FILES = {
    ", as its name says,": ", as --input-format says (default: csv),",
    "got a Parquet file. Rename it or export it as CSV.": "got a Parquet file. Use --input-format parquet.",
    "got a Feather file. Rename it or export it as CSV.": "got a Feather file. Use --input-format feather.",
    "got a gzip file. Rename it or export it as CSV.": "got a gzip file. Unpack it first: zcat table.csv.gz | lamina ... -",
    "Rename it or export it as CSV.": "Export it as CSV.",
    "Export it as CSV, or rename it.": "Export it as CSV, or set another --input-format.",
}

_Read = TypeVar("_Read")


class _MissingOutput(io.TextIOWrapper):
    """Stands in for a closed standard output: writing to it fails, as on a full disk."""

    def __init__(self) -> None:
        # Open for reading only; takes the closed one's descriptor, which another file would get otherwise.
        unwritable = os.open(os.devnull, os.O_RDONLY)
        # It stays open as long as the process, which is no leak that Python should warn of at the end.
        super().__init__(io.BufferedWriter(io.FileIO(unwritable, "w", closefd=False)), encoding="utf-8")


def open_missing_streams() -> None:
    """Replace missing standard streams: standard output by one on which writing fails, standard error by the null device."""
    if sys.stdout is None:
        sys.stdout = _MissingOutput()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115, open as long as the process


def has_standard_output() -> bool:
    """Whether standard output is open; if not, commands omit reports on results that are saved to a file."""
    return not isinstance(sys.stdout, _MissingOutput)


def check_format(option: str, given: TableFormat | None, path: Path) -> None:
    """Reject a format option for a file, whose suffix gives the format."""
    if given is not None and path != DASH:
        rule = f"must be left out for a file, whose suffix gives the format ({path.name!r})"
        raise InvalidSettingError(phrase(option, rule, given, repair="Use - in place of the file, or remove it."))


def read_standard_input(read: Callable[[Path], _Read], kind: TableFormat) -> _Read:
    """Apply ``read`` to standard input, passed to it as a file; errors and notes name it "standard input"."""
    data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    if not data:
        raise DataError("standard input must hold a table, got nothing. Pipe one in: cat table.csv | lamina ... -")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{kind}"
        path.write_bytes(data)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = read(path)
            except LaminaError as error:
                error.args = (_renamed(str(error), path),)
                raise
    for warning in caught:
        warnings.warn(_renamed(str(warning.message), path), warning.category, stacklevel=2)
    return result


def write_standard_output(write: Callable[[pa.Table, Any], Any], table: pa.Table) -> None:
    """Write a table to standard output, once it is complete."""
    buffer = io.BytesIO()
    write(table, buffer)
    write_bytes(buffer.getbuffer())


def write_bytes(data: bytes | memoryview) -> None:
    """Write bytes to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _renamed(text: str, path: Path) -> str:
    """Reword a text about the temporary file for standard input, which has no name but --input-format."""
    for words, instead in _WORDS_ABOUT_FILES.items():
        text = text.replace(words, instead)
    return text.replace(repr(str(path)), "standard input").replace(str(path), "standard input")
