"""How much memory a packed table takes, found out before it is read: a few kilobytes may stand for gigabytes.

A Parquet file says of each column how many values it has, and how many bytes before packing; a value that repeats is there
counted once, so numbers count by their widths, and texts are looked up in their dictionary. An Arrow file (Feather) has the size
of each packed buffer before the buffer, and unpacks to nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
_FOOTER_ENDS = b"ARROW1"
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages
_LARGEST = 8  # bytes of a number


def check_unpacked(path: Path, most: int) -> None:
    """Refuse a Parquet or Feather file that takes more than ``most`` bytes in memory.

    Raises
    ------
    FileError
        If it does, or is none.

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
        num_columns = len(reader.schema)
        for start in _starts_of_messages(content):
            yield _size_of(pa.ipc.read_message(content.slice(start)), num_columns)
        if any(map(_repeats, reader.schema.types)):
            for place in range(reader.num_record_batches):
                yield sum(_written_out(column) for column in reader.get_batch(place).columns if _repeats(column.type))


def _starts_of_messages(content: pa.Buffer) -> list[int]:
    """Where an Arrow file's dictionaries and rows begin, which its footer says (File.fbs)."""
    end = content.size - len(_FOOTER_ENDS)
    with _damage_as_value_error():
        (size,) = struct.unpack("<i", content.slice(end - 4, 4).to_pybytes())
        footer = _Table.root(content.slice(end - 4 - size, size).to_pybytes())
        blocks = [*footer.structs(2, "<qiiq"), *footer.structs(3, "<qiiq")]
    return [start for start, *_ in blocks]


def _size_of(message: Any, num_columns: int) -> int:
    """What the buffers of a message take once they are unpacked; at least a byte for each cell.

    The message's head is a flatbuffer: tables with the places of their fields (Arrow's format, Message.fbs).
    """
    with _damage_as_value_error():
        head = _Table.root(message.metadata.to_pybytes())
        kind = head.number(1, "B")
        if kind not in (_DICTIONARY, _RECORDS):
            return 0
        records = head.table(2) if kind == _RECORDS else head.table(2).table(1)
        size = 0
        for start, length in records.structs(2, "<qq"):
            size += _unpacked_length(message.body, start, length) if records.has(3) else length
        return max(size, records.number(0, "q") * num_columns if kind == _RECORDS else 0)


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except (struct.error, AttributeError, IndexError) as error:
        raise ValueError(f"damaged: {error}") from error


def _unpacked_length(body: pa.Buffer, start: int, length: int) -> int:
    """Of a packed buffer, which begins with it; -1 says that it is not packed after all."""
    if not length:
        return 0
    unpacked: int = struct.unpack("<q", body.slice(start, _LARGEST).to_pybytes())[0]
    return max(unpacked, length - _LARGEST)


class _Table:
    """A table of a flatbuffer, at a place of its bytes."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._fields = place - self._at("i", place)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        """The outermost table."""
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return self._offset(field) > 0

    def number(self, field: int, kind: str) -> int:
        """A number; 0 where it is left out."""
        offset = self._offset(field)
        return self._at(kind, self._place + offset) if offset else 0

    def table(self, field: int) -> _Table:
        """The table that a field points to."""
        return _Table(self._data, self._target(field))

    def structs(self, field: int, kinds: str) -> list[tuple[int, ...]]:
        """A vector of tuples of numbers of these kinds."""
        if not self.has(field):
            return []
        start = self._target(field) + 4
        return list(struct.iter_unpack(kinds, self._data[start : start + struct.calcsize(kinds) * self._at("I", start - 4)]))

    def _target(self, field: int) -> int:
        place = self._place + self._offset(field)
        return place + self._at("I", place)

    def _offset(self, field: int) -> int:
        slot = 4 + 2 * field
        return self._at("H", self._fields + slot) if slot < self._at("H", self._fields) else 0

    def _at(self, kind: str, place: int) -> int:
        found: int = struct.unpack_from(f"<{kind}", self._data, place)[0]
        return found


def _repeats(kind: pa.DataType) -> bool:
    """Whether several rows may share what is held once."""
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind) or pa.types.is_run_end_encoded(kind))


def _written_out(column: pa.Array) -> int:
    """How much longer a column gets where what its rows share is written out."""
    column.validate()
    if not pa.types.is_run_end_encoded(column.type):
        views = np.frombuffer(column.buffers()[1], dtype=np.int32, count=4 * (column.offset + len(column)))
        return int(views[4 * column.offset :: 4].astype(np.int64).clip(0).sum())
    values = column.values
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    longest = int(pc.max(pc.binary_length(values)).as_py() or 0) if is_text else 0
    return len(column) * (_LARGEST + longest)
