"""Shards of Parquet: the pieces are row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lamina.data.shards.places import Place
from lamina.data.shards.shard import Shard
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet
else:
    pa = OptionalModule("pyarrow", owner="reading shards")
    parquet = OptionalModule("pyarrow.parquet", owner="reading shards")

__all__ = ["ParquetShard"]


_BUFFER = 1 << 20  # bytes of a column that are read at a time: without one, all of a row group are


class ParquetShard(Shard):
    """A Parquet file.

    Parameters
    ----------
    place : Place
    row_groups : sequence of int, optional
        Those that belong to the table; by default all.
    """

    def __init__(self, place: Place, row_groups: Sequence[int] | None = None) -> None:
        self._place = place
        self.name = place.name
        with place.open() as file:
            # Text as what it is, in whatever way it is compressed.
            opened = parquet.ParquetFile(file)
            self._metadata, self.schema = opened.metadata, opened.schema_arrow
        groups = range(self._metadata.num_row_groups) if row_groups is None else row_groups
        described = [(i, self._metadata.row_group(i)) for i in groups]
        self._groups = [i for i, group in described if group.num_rows]
        self.rows_of_pieces = [group.num_rows for _, group in described if group.num_rows]
        self.size = sum(group.total_byte_size for _, group in described)

    def read(self, piece: int, columns: list[str], most_rows: int) -> Iterator[pa.Table]:
        with self._place.open() as file:
            opened = parquet.ParquetFile(file, metadata=self._metadata, buffer_size=_BUFFER)
            groups = [self._groups[piece]]
            for batch in opened.iter_batches(batch_size=most_rows, row_groups=groups, columns=columns, use_threads=False):
                yield pa.Table.from_batches([batch]).select(columns)
