"""Shards of text: CSV and TSV, also compressed; each is one piece, whose fields stay text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.data.checks import check_column_names
from lamina.data.csv_header import Header, read_header
from lamina.data.csv_reader import codec_of, parsing_options, report_ragged
from lamina.data.shards.places import Place, suffix_of
from lamina.data.shards.shard import Shard
from lamina.errors import DataError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
else:
    pa = OptionalModule("pyarrow", owner="reading shards")
    arrow_csv = OptionalModule("pyarrow.csv", owner="reading shards")

__all__ = ["CsvShard", "TextReading"]

_HEAD = 1 << 20  # bytes that hold the header
_BLOCK = 4 << 20  # bytes parsed at a time
_EMPTY, _REPAIR = "a table must have a header and at least one row", "Check that it was written completely."
_COMPRESSED = 5  # times as small, roughly


class TextReading(NamedTuple):
    """How text files are read; see :func:`lamina.data.read_table`."""

    delimiter: str | None = None
    encoding: str = "utf-8"
    drop_ragged: bool = False


class CsvShard(Shard):
    """A CSV or TSV file.

    Parameters
    ----------
    place : Place
    reading : TextReading

    Raises
    ------
    DataError
        If it is empty, or its header is none.
    """

    def __init__(self, place: Place, reading: TextReading) -> None:
        self._place, self._reading = place, reading
        self.name = place.name
        self._codec = codec_of(reading.encoding)
        with self._opened() as stream:
            data = stream.read(_HEAD)
        if not data.strip():
            raise DataError(f"{self.name}: {_EMPTY}, got an empty file. {_REPAIR}")
        mark = len(codecs.BOM_UTF8) if self._codec == "utf-8" and data.startswith(codecs.BOM_UTF8) else 0
        # The last character may be cut in two.
        text = codecs.getincrementaldecoder(self._codec)().decode(data[mark:])
        delimiter = "\t" if reading.delimiter is None and ".tsv" in suffix_of(place.path) else reading.delimiter
        self._header: Header = read_header(self.name, text, delimiter)
        check_column_names(self.name, self._header.names)
        self._start = mark + len(text[: self._header.end].encode(self._codec))
        if len(data) < _HEAD and not data[self._start :].strip():
            raise DataError(f"{self.name}: {_EMPTY}, got none below its header. {_REPAIR}")
        self.schema = pa.schema([(name, pa.string()) for name in self._header.names])
        self.rows_of_pieces = [None]
        self.size = place.size * (_COMPRESSED if place.path.lower().endswith(".gz") else 1)

    def read(self, piece: int, columns: list[str], most_rows: int) -> Iterator[pa.Table]:
        ragged: list[Any] = []

        def keep_ragged(row: Any) -> str:
            ragged.append(row)
            return "skip"

        parse, convert = parsing_options(self._header, keep_ragged, has_quotes=True)
        names, width = self._header.names, len(self._header.names)
        encoding = "utf8" if self._codec == "utf-8" else self._codec  # pyarrow decodes others itself, slowly
        options = arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names, encoding=encoding)
        with self._opened() as stream:
            stream.read(self._start)
            for batch in arrow_csv.open_csv(stream, read_options=options, parse_options=parse, convert_options=convert):
                if ragged and not self._reading.drop_ragged:
                    break
                table = pa.Table.from_batches([batch]).select(columns)
                for start in range(0, table.num_rows, most_rows):
                    yield table.slice(start, most_rows)
        report_ragged(self.name, ragged, width, self._reading.drop_ragged)

    def _opened(self) -> Any:
        compression = "gzip" if self._place.path.lower().endswith(".gz") else None
        return self._place.filesystem.open_input_stream(self._place.path, compression=compression)
