"""A table that a page learns from: named on the command line, or sent by the page."""

from __future__ import annotations

import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.data import TableEncoder
from lamina.data.readers import TABLE_SUFFIXES, read_table
from lamina.errors import DataError, FileError, LaminaError, phrase

__all__ = ["OpenedTable", "open_file", "open_upload"]


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
    """

    name: str
    columns: Any
    kinds: dict[str, str]

    def described(self) -> dict[str, Any]:
        """What a page says of it."""
        return {"name": self.name, "rows": self.columns.num_rows, "columns": self.kinds}


def open_file(path: str | os.PathLike[str], name: str = "") -> OpenedTable:
    """Read a table, and learn the kinds of its columns.

    Raises
    ------
    FileError, DataError
        If it is none.
    """
    columns = read_table(path, as_text=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns that say nothing: one of them may be the target
        kinds = {row.column: row.kind for row in TableEncoder().fit(columns).columns_}
    return OpenedTable(name or Path(path).name, columns, kinds)


def open_upload(content: bytes, name: str) -> OpenedTable:
    """Read a table that came through the network, from a file that is there no longer afterwards.

    Raises
    ------
    FileError, DataError
        If it is none.
    """
    suffix = next((ending for ending in sorted(TABLE_SUFFIXES, key=len, reverse=True) if name.lower().endswith(ending)), None)
    if suffix is None:
        repair = "Send a file of one of these kinds."
        raise FileError(phrase("the file's name", f"must end in one of {', '.join(TABLE_SUFFIXES)}", name[:40], repair=repair))
    with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        path = Path(folder, f"table{suffix}")
        path.write_bytes(content)
        try:
            return open_file(path, Path(name).name)
        except LaminaError as error:
            raise DataError(str(error).replace(str(path), Path(name).name)) from error
