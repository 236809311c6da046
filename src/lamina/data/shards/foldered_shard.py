"""Columns that the folders of a table stand for, as ``year=2024/`` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lamina.data.shards.shard import Shard
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading shards")

__all__ = ["FolderedShard", "keys_of_folders"]

_MISSING = "__HIVE_DEFAULT_PARTITION__"  # what Hive, and all who write as it does, name the folder of rows without a value


class FolderedShard(Shard):
    """A file with columns that hold one value in all of it.

    Parameters
    ----------
    shard : Shard
        The file, without these columns.
    values : mapping of str to scalar
        What pyarrow can make a scalar of.

    Attributes
    ----------
    values : dict of str to pyarrow.Scalar
    """

    def __init__(self, shard: Shard, values: Mapping[str, Any]) -> None:
        self._shard = shard
        self.values = {name: pa.scalar(value) for name, value in values.items()}
        self.name, self.rows_of_pieces, self.size, self.schema = shard.name, shard.rows_of_pieces, shard.size, shard.schema
        for name, value in self.values.items():
            self.schema = self.schema.append(pa.field(name, value.type))

    def read(self, piece: int, columns: list[str], most_rows: int) -> Iterator[pa.Table]:
        # One is read in any case, which says how many rows there are.
        inside = [name for name in columns if name not in self.values] or self._shard.schema.names[:1]
        for table in self._shard.read(piece, inside, most_rows):
            whole = table
            for name, value in self.values.items():
                whole = whole.append_column(name, pa.repeat(value, table.num_rows))
            yield whole.select(columns)


def keys_of_folders(name: str) -> dict[str, pa.Scalar]:
    """What the folders in the name of a file say, as text.

    >>> {key: value.as_py() for key, value in keys_of_folders("data/year=2024/city=S%C3%A3o/part.parquet").items()}
    {'year': '2024', 'city': 'São'}
    """
    parts = [part.partition("=") for part in name.replace("\\", "/").split("/")[:-1]]
    return {
        unquote(key): pa.scalar(None if value == _MISSING else unquote(value), pa.string())
        for key, is_one, value in parts
        if is_one and key
    }
