"""Writing tables to files, by suffix; a file is written completely or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lamina.errors import FileError
from lamina.extras import OptionalModule, require
from lamina.files import atomic_write

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="writing tables")
    pc = OptionalModule("pyarrow.compute", owner="writing tables")

__all__ = ["check_table_path", "write_blocks", "write_table"]


def write_table(path: str | os.PathLike[str], table: pa.Table) -> None:
    """Write a table as CSV, TSV, Parquet or Feather.

    Parameters
    ----------
    path : str or path
        Ending in ``.csv``, ``.tsv``, ``.parquet``, ``.pq``, ``.feather`` or ``.arrow``. If writing fails, an existing file is
        kept.
    table : pyarrow.Table
        The table to write.

    Raises
    ------
    FileError
        If the suffix is unknown or the file cannot be written.
    MissingPackageError
        If pyarrow is not installed (see the extra ``tables``).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pyarrow as pa
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "out.csv"
    >>> write_table(path, pa.table({"a": [1, 2]}))
    >>> path.read_text()
    'a\\n1\\n2\\n'
    """
    require("pyarrow", owner="write_table")
    write = check_table_path(path)
    with atomic_write(path) as file:
        write(table, file)


def write_blocks(path: str | os.PathLike[str], blocks: Iterable[pa.Table]) -> int:
    """Write a table that comes block by block, as :func:`write_table` writes a whole one.

    Parameters
    ----------
    path : str or path
        As for :func:`write_table`.
    blocks : iterable of pyarrow.Table
        At least one, all with the same columns; they are converted to the types of the first one.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    FileError
        As for :func:`write_table`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "out.csv"
    >>> write_blocks(path, (pa.table({"a": [i]}) for i in range(3)))
    3
    """
    require("pyarrow", owner="write_blocks")
    check_table_path(path)
    suffix, num_rows = Path(path).suffix.lower(), 0
    blocks = iter(blocks)
    with atomic_write(path) as file:
        first = next(blocks)
        with _block_writer(suffix, file, first.schema) as write:
            for block in chain([first], blocks):
                write(block if block.schema == first.schema else block.cast(first.schema))
                num_rows += block.num_rows
    return num_rows


@contextmanager
def _block_writer(suffix: str, file: BinaryIO, schema: pa.Schema) -> Iterator[Callable[[pa.Table], Any]]:
    """What writes one block after the other to a file."""
    if suffix in (".csv", ".tsv"):
        delimiter = "," if suffix == ".csv" else "\t"
        _write_header(schema.names, file, delimiter)
        yield lambda table: _write_rows(table, file, delimiter)
    elif suffix in (".parquet", ".pq"):
        with require("pyarrow.parquet", owner="writing tables").ParquetWriter(file, schema) as parquet:
            yield parquet.write_table
    else:
        with pa.ipc.new_file(file, schema) as feather:
            yield feather.write_table


def check_table_path(path: str | os.PathLike[str], name: str = "output") -> Callable[[pa.Table, BinaryIO], Any]:
    """The writer for a file's suffix.

    Parameters
    ----------
    path : str or path
    name : str, default="output"
        Name of the path in error messages.

    Raises
    ------
    FileError
        If there is no writer for the suffix.
    """
    writer = _WRITERS.get(Path(path).suffix.lower())
    if writer is None:
        raise FileError(f"{name} must end in one of {', '.join(_WRITERS)}, got {Path(path).name!r}. Rename it.")
    return writer


def _write_csv(table: pa.Table, file: BinaryIO) -> None:
    _write_text(table, file, ",")


def _write_tsv(table: pa.Table, file: BinaryIO) -> None:
    _write_text(table, file, "\t")


def _write_text(table: pa.Table, file: BinaryIO, delimiter: str) -> None:
    _write_header(table.column_names, file, delimiter)
    _write_rows(table, file, delimiter)


def _write_header(names: list[str], file: BinaryIO, delimiter: str) -> None:
    # By hand: pyarrow quotes every name.
    written = [f'"{name}"' if any(mark in name for mark in f'"{delimiter}\n\r') else name for name in _doubled(names)]
    file.write((delimiter.join(written) + "\n").encode())


def _write_rows(table: pa.Table, file: BinaryIO, delimiter: str) -> None:
    from pyarrow import csv

    # "needed" quotes every string, so it is used only if one holds a special character.
    style = "needed" if _holds_marks(table, delimiter) else "none"
    csv.write_csv(table, file, csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style=style))


def _holds_marks(table: pa.Table, delimiter: str) -> bool:
    marks = "[" + re.escape(f'"{delimiter}') + r"\r\n]"
    texts = [column for column in table.columns if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)]
    return any(pc.any(pc.match_substring_regex(column, marks)).as_py() or column.null_count for column in texts)


def _doubled(names: list[str]) -> list[str]:
    return [name.replace('"', '""') for name in names]


def _write_parquet(table: pa.Table, file: BinaryIO) -> None:
    from pyarrow import parquet

    parquet.write_table(table, file)


def _write_feather(table: pa.Table, file: BinaryIO) -> None:
    from pyarrow import feather

    feather.write_feather(table, file)


_WRITERS: dict[str, Callable[[pa.Table, BinaryIO], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".parquet": _write_parquet,
    ".pq": _write_parquet,
    ".feather": _write_feather,
    ".arrow": _write_feather,
}
