"""Digest of a table that goes by block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from lamina.data.digests.boolean_digest import BooleanDigest
from lamina.data.digests.category_digest import CategoryDigest
from lamina.data.digests.column_digest import ColumnDigest
from lamina.data.digests.date_digest import DateDigest
from lamina.data.digests.number_digest import NumberDigest
from lamina.data.digests.text_digest import TextDigest
from lamina.data.table_reader import ReadTable, TableReader

__all__ = ["TableDigest"]

_DIGESTS: dict[str, type[ColumnDigest]] = {
    "number": NumberDigest,
    "boolean": BooleanDigest,
    "date": DateDigest,
    "category": CategoryDigest,
    "text": TextDigest,
}


class TableDigest(Mapping[str, ColumnDigest]):
    """A digest of each column of a table that goes by block by block; :meth:`~lamina.data.TableEncoder.fit` takes it.

    Digests of parts of a table may be merged in any order: what an encoder learns of them is the same, but for the error that the
    digests of numbers and categories state.

    Parameters
    ----------
    reader : TableReader
        How the blocks are read.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.data import TableEncoder
    >>> from lamina.data.arrow_tables import as_columns
    >>> encoder, blocks = TableEncoder(), [pa.table({"x": [1.0, 2.0]}), pa.table({"x": [3.0, None]})]
    >>> digest = TableDigest(encoder.learn(blocks[0]).reader)
    >>> for block in blocks:
    ...     digest.add(digest.reader.read(as_columns(block, owner="example"), ["x"]))
    >>> print(encoder.fit(digest).columns_)
    column  kind    form  features  missing  rare  note
    x       number               2        1     0
    """

    def __init__(self, reader: TableReader) -> None:
        self.reader = reader
        self.num_rows = 0
        self._columns = {name: _DIGESTS[found.kind]() for name, found in reader.readers.items()}

    def __getitem__(self, name: str) -> ColumnDigest:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, table: ReadTable) -> None:
        """Take in some rows."""
        self.num_rows += table.num_rows
        for name, column in self._columns.items():
            column.add(table[name])

    def merge(self, other: Self) -> None:
        """Take in what another digest, of other rows of the same table, knows."""
        self.num_rows += other.num_rows
        for name, column in self._columns.items():
            column.merge(other[name])

    def learn_texts(self, sample: ReadTable) -> None:
        """Give the columns of free text some rows to learn words from."""
        for name, column in self._columns.items():
            if isinstance(column, TextDigest):
                column.sample = sample[name]
