"""How much memory a packed table takes, found out before it is read: a few kilobytes may stand for gigabytes.

A Parquet file says of each column how many values it has, and how many bytes before packing; a value that repeats is there
counted once, so numbers count by their widths, and texts are looked up in their dictionary. An Arrow file (Feather) says nothing
of the kind: its batches are unpacked one after the other, until there are too many. A batch has some 100,000 rows as a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lamina.data.arrow_tables import plain_table
from lamina.data.file_errors import PARQUET, foreign_errors_as_ours
from lamina.errors import FileError
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["check_unpacked"]

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}
_MAGIC = b"ARROW1\0\0"  # of an Arrow file; that of Feather's first version is another, and packs nothing
_AT_ONCE = 1024  # rows


def check_unpacked(path: Path, most: int) -> None:
    """Refuse a Parquet or Feather file that takes more than ``most`` bytes in memory.

    Raises
    ------
    FileError, DataError
        If it does, or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from pyarrow import parquet
    >>> path = Path(tempfile.mkdtemp()) / "zeros.parquet"
    >>> parquet.write_table(pa.table({"x": np.zeros(1_000_000)}), path)
    >>> path.stat().st_size < 10_000
    True
    >>> check_unpacked(path, 8_000_000)
    >>> check_unpacked(path, 7_999_999)
    Traceback (most recent call last):
    lamina.errors.FileError: ...zeros.parquet: holds more than 7,999,999 bytes. Send fewer rows.
    """
    require("pyarrow", owner="reading tables")
    with foreign_errors_as_ours(path):
        sizes = _of_parquet(path) if path.suffix.lower() in PARQUET else _of_feather(path)
        size = 0
        for each in sizes:  # one after the other: what comes later is read only where there is room for it
            size += each
            if size > most:
                raise FileError(f"{path}: holds more than {most:,} bytes. Send fewer rows.")


def _of_parquet(path: Path) -> Iterator[int]:
    from pyarrow import parquet  # only here

    with parquet.ParquetFile(path) as file:
        metadata, texts = file.metadata, list[str]()
        for place in range(metadata.num_columns):
            column = metadata.schema.column(place)
            width = _WIDTHS.get(column.physical_type, column.length)
            chunks = [metadata.row_group(group).column(place) for group in range(metadata.num_row_groups)]
            yield sum(max(chunk.num_values * width, chunk.total_uncompressed_size) for chunk in chunks)
            if column.physical_type == "BYTE_ARRAY" and column.path == column.name:
                texts.append(column.name)
    for name in texts:
        with parquet.ParquetFile(path, read_dictionary=[name]) as file:
            for group in range(metadata.num_row_groups):
                columns = file.read_row_group(group, columns=[name]).columns  # several, where names come twice
                yield sum(_texts_in(chunk) for column in columns for chunk in column.chunks)


def _texts_in(chunk: pa.Array) -> int:
    """The bytes of the texts that a dictionary stands for."""
    if not pa.types.is_dictionary(chunk.type):
        return int(chunk.nbytes)
    lengths = np.append(np.asarray(pc.binary_length(chunk.dictionary).fill_null(0), dtype=np.int64), 0)
    return int(lengths[np.asarray(chunk.indices.fill_null(len(lengths) - 1))].sum())


def _of_feather(path: Path) -> Iterator[int]:
    with pa.memory_map(str(path)) as source:
        content = source.read_buffer()
        if content[: len(_MAGIC)].to_pybytes() != _MAGIC:
            yield content.size
            return
        reader = pa.ipc.open_file(content)
        for place in range(reader.num_record_batches):
            batch = reader.get_batch(place)
            yield batch.num_rows * batch.num_columns
            for first in range(0, batch.num_rows, _AT_ONCE):  # several rows may share what is held once
                rows = pa.Table.from_batches([batch.slice(first, _AT_ONCE)])
                yield max(plain_table(str(path), rows).nbytes - rows.num_rows * rows.num_columns, 0)
