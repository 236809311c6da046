"""Shards of Feather, which is Arrow's own format: the pieces are record batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lamina.data.shards.places import Place
from lamina.data.shards.shard import Shard
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading shards")

__all__ = ["FeatherShard"]


class FeatherShard(Shard):
    """A Feather file of version 2, as every library has written it since 2020.

    Parameters
    ----------
    place : Place
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.name = place.name
        with place.open() as file:
            opened = pa.ipc.open_file(file)
            self.schema = opened.schema
            # No column is read for it.
            nothing = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=[0]))
            rows = [nothing.get_batch(i).num_rows for i in range(nothing.num_record_batches)]
        self._batches = [i for i, count in enumerate(rows) if count]
        self.rows_of_pieces = [count for count in rows if count]
        self.size = place.size

    def read(self, piece: int, columns: list[str], most_rows: int) -> Iterator[pa.Table]:
        places = [self.schema.get_field_index(name) for name in columns]
        with self._place.open() as file:
            opened = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=sorted(places), use_threads=False))
            batch = opened.get_batch(self._batches[piece])
            table = pa.Table.from_batches([batch]).select(columns)
            for start in range(0, table.num_rows, most_rows):
                yield table.slice(start, most_rows)
