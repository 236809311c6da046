"""A table of many files: the columns that all of them hold, read block by block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.arrow_tables import Columns, as_columns, plain_table
from lamina.data.column_reader import UnfitValueError
from lamina.data.file_errors import foreign_errors_as_ours
from lamina.data.shards.shard import Shard
from lamina.errors import DataError, LaminaError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading shards")

__all__ = ["Block", "Piece", "Shards", "as_table", "without_dictionaries"]

_ROWS_A_BLOCK = 1 << 16
_SHARDS_OF_HEAD = 16
_NO_ROWS = "a table must have at least one row, got none in all of its files. Check where they come from."


class Piece(NamedTuple):
    """A part of a table that can be read alone: the number of its shard, and its own number there."""

    shard: int
    number: int


class Block(NamedTuple):
    """Rows of a file, the first of which has the number ``first_row`` there, from 0."""

    shard: str
    first_row: int
    columns: Columns

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors about a value say in which file, and in which of its rows, it stands."""
        try:
            yield
        except UnfitValueError as error:
            text = str(error).replace(f"(row {error.row + 1})", f"(row {self.first_row + error.row + 1})")
            raise DataError(f"{self.shard}: {text}") from error
        except LaminaError as error:
            if self.shard in str(error):
                raise
            raise type(error)(f"{self.shard}: {error}") from error


class Shards:
    """A table of many files.

    Parameters
    ----------
    shards : sequence of Shard
        In the order of their names; checked.
    names : sequence of str
        The columns, which all of them hold.
    rows_a_block : int, default=65536
        The most rows that are read at a time.
    """

    def __init__(self, shards: Sequence[Shard], names: Sequence[str], rows_a_block: int = _ROWS_A_BLOCK) -> None:
        self.shards = tuple(shards)
        self.names = list(names)
        self.rows_a_block = rows_a_block

    @property
    def num_rows(self) -> int | None:
        """All rows, if that is known before they are read: of Parquet and Feather."""
        known = [shard.num_rows for shard in self.shards]
        return None if None in known else sum(rows for rows in known if rows is not None)

    @property
    def size(self) -> int:
        """Bytes that all rows would take in memory, roughly."""
        return sum(shard.size for shard in self.shards)

    @property
    def pieces(self) -> list[Piece]:
        """All pieces, in order."""
        return [Piece(i, j) for i, shard in enumerate(self.shards) for j in range(len(shard.rows_of_pieces))]

    def read(self, piece: Piece) -> Iterator[Block]:
        """The rows of a piece in their order, block by block.

        Raises
        ------
        FileError
            If the file is damaged.
        """
        shard = self.shards[piece.shard]
        first_row = sum(rows or 0 for rows in shard.rows_of_pieces[: piece.number])
        tables = iter(shard.read(piece.number, self.names, self.rows_a_block))
        while True:
            with foreign_errors_as_ours(shard.name):
                table = next(tables, None)
            if table is None:
                return
            if table.num_rows:
                columns = as_columns(plain_table(shard.name, table), owner=shard.name)
                yield Block(shard.name, first_row, columns)
                first_row += columns.num_rows

    def blocks(self) -> Iterator[Block]:
        """All rows in order, block by block."""
        for piece in self.pieces:
            yield from self.read(piece)

    def head(self, most_rows: int) -> Columns:
        """Some first rows of up to 16 shards, from all over the table.

        Raises
        ------
        DataError
            If there is no row at all.
        """
        num_shards = min(len(self.shards), _SHARDS_OF_HEAD)
        share = max(most_rows // max(num_shards, 1), 1)
        tables = []
        for i in np.unique(np.linspace(0, len(self.shards) - 1, num_shards).round().astype(int)).tolist():
            taken = 0
            for block in self.read(Piece(i, 0)):
                table = as_table(block.columns)
                tables.append(table.slice(0, share - taken))
                taken += tables[-1].num_rows
                if taken >= share:
                    break
        if not tables:
            raise DataError(_NO_ROWS)
        return as_columns(pa.concat_tables(_alike(tables), promote_options="permissive"), owner=self.shards[0].name)

    def sample(self, most_rows: int, *, seed: int) -> tuple[Columns, int]:
        """At most so many rows, each as likely as any other, in their order; and how many there are.

        All rows are read once, block by block, and no more than twice as many as are kept are held, and a block.

        Raises
        ------
        DataError
            If there is no row at all.
        """
        rng, num_rows = np.random.default_rng(seed), 0
        tables: list[pa.Table] = []
        keys: list[np.ndarray] = []
        for block in self.blocks():
            tables.append(as_table(block.columns))
            keys.append(rng.random(block.columns.num_rows))
            num_rows += block.columns.num_rows
            if sum(map(len, keys)) > 2 * most_rows:
                tables, keys = _lowest(tables, keys, most_rows)
        if not num_rows:
            raise DataError(_NO_ROWS)
        (table,), _ = _lowest(tables, keys, most_rows)
        return as_columns(table, owner=self.shards[0].name), num_rows


def _lowest(tables: Sequence[pa.Table], keys: Sequence[np.ndarray], most: int) -> tuple[list[pa.Table], list[np.ndarray]]:
    """The rows of the lowest keys, in their order, as one table."""
    joined, drawn = pa.concat_tables(_alike(tables), promote_options="permissive"), np.concatenate(keys)
    if len(drawn) <= most:
        return [joined], [drawn]
    kept = np.sort(np.argpartition(drawn, most)[:most])
    return [joined.take(kept)], [drawn[kept]]


def as_table(columns: Columns) -> pa.Table:
    """Columns of a file as a table."""
    return pa.table(dict(columns))


def without_dictionaries(table: pa.Table, names: Collection[str] | None = None) -> pa.Table:
    """A table whose columns, or those of some names, hold their values in place of codes of them."""
    kinds = [
        field.type.value_type if pa.types.is_dictionary(field.type) and (names is None or field.name in names) else field.type
        for field in table.schema
    ]
    return table if kinds == table.schema.types else table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))


def _alike(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Tables of the same columns, where one that only some of them hold as codes is none in any; Arrow joins no others."""
    coded = [{field.name for field in table.schema if pa.types.is_dictionary(field.type)} for table in tables]
    of_some = set().union(*coded).difference(set(tables[0].column_names).intersection(*coded))
    return [without_dictionaries(table, of_some) for table in tables]
