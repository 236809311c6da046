"""Encodes a table of one row, where a call for each column would take longer than all arithmetic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import sparse

from lamina.data.column_reader import ColumnReader, OnError
from lamina.data.columns import CategoryColumn, ColumnEncoder, NumberColumn, NumberScale
from lamina.data.row import Row
from lamina.data.table_reader import TableReader
from lamina.data.values import Values
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["RowEncoder"]

_Key: TypeAlias = tuple[type, Any]  # 1, 1.0 and True are equal

# Of exactly these types, a value means the same in every column that is not of dates.
_PLAIN = frozenset({str, float, int, bool, type(None), *(np.dtype(code).type for code in "?bhilqBHIefd")})
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1  # of whole numbers; what is beyond may come as text
_MOST_KEPT = 10_000  # values of a column
_LONGEST_KEPT = 200  # characters: long texts take memory, and seldom come twice
_NOT_PLAIN = object()


class RowEncoder:
    """Gives the features of one row as :meth:`TableEncoder.transform` does, bit for bit, with its errors and notes.

    Numbers are encoded together. What a value means in another column is kept once it was read as a column of its own, where
    there was nothing to say about it and it is no long text. Columns that are not encoded are not looked at. Several threads
    may use it at once.

    Parameters
    ----------
    reader : TableReader
    encoders : sequence of ColumnEncoder
        At least one.
    as_sparse : bool, default=False
        Whether features are a sparse matrix.

    Examples
    --------
    >>> from lamina.data import TableEncoder
    >>> from lamina.data.row import as_rows
    >>> encoder = TableEncoder(min_count=1).fit(pa.table({"size": [1.0, 2.0, 3.0], "color": ["red", "blue", "red"]}))
    >>> rows = RowEncoder(encoder.reader_, encoder.encoders_)
    >>> rows.encode(as_rows({"size": 2, "color": "red"}, [], owner="example")).tolist()
    [[0.0, 1.0, 0.0]]
    """

    def __init__(self, reader: TableReader, encoders: Sequence[ColumnEncoder], *, as_sparse: bool = False) -> None:
        self._reader = reader
        self._as_sparse = as_sparse
        self._needed = [encoder.column for encoder in encoders]
        ends = np.cumsum([len(encoder.feature_names) for encoder in encoders]).tolist()
        places = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        self._cells = [
            _cell(encoder, reader.readers[encoder.column], place) for encoder, place in zip(encoders, places, strict=True)
        ]
        numbers = [(i, cell) for i, cell in enumerate(self._cells) if isinstance(cell, _NumberCell)]
        self._places_of_numbers = [i for i, _ in numbers]
        self._numbers = _Numbers([cell for _, cell in numbers])
        self._others = [(i, cell) for i, cell in enumerate(self._cells) if isinstance(cell, _CategoryCell | _FeaturesCell)]
        self._is_dense = np.ones(ends[-1], dtype=bool)  # features of which a sparse row has the zeros, too
        for _, cell in self._others:
            self._is_dense[cell.place] = isinstance(cell, _FeaturesCell)

    def encode(self, row: Row, *, on_error: OnError = "fail") -> np.ndarray | sparse.csr_matrix:
        """The features of a row.

        Parameters
        ----------
        row : Row
        on_error : {"fail", "missing"}, default="fail"
            What a value of another kind than in training does: raise, or count as missing, with a note.

        Returns
        -------
        ndarray or csr_matrix of shape (1, number of features) float32

        Raises
        ------
        DataError
            As :meth:`TableEncoder.transform`.
        """
        self._reader.check(row.names, self._needed)
        # As of a table, all columns are read before the first is encoded: in this order come errors and notes.
        found = [cell.read(row, on_error) for cell in self._cells]
        features = np.zeros((1, len(self._is_dense)), dtype=np.float32)
        self._numbers.write(np.array([found[i] for i in self._places_of_numbers], dtype=np.float64), features[0])
        is_average = False
        for i, cell in self._others:
            is_average |= cell.write(found[i], features)
        return self._sparse(features, is_average) if self._as_sparse else features

    def _sparse(self, features: np.ndarray, is_average: bool) -> sparse.csr_matrix:
        """As :func:`sparse_features` has it, which leaves out the zeros of rows that have an average."""
        is_entry = features[0] != 0
        if not is_average:
            is_entry |= self._is_dense
        columns = np.flatnonzero(is_entry).astype(np.int32)
        row_ends = np.array([0, len(columns)], dtype=np.int32)
        return sparse.csr_matrix((features[0, columns], columns, row_ends), shape=features.shape)


@dataclass(frozen=True, slots=True)
class _Cell(ABC):
    """The value of one column, and what is known of values that were read before."""

    encoder: Any
    reader: ColumnReader
    place: slice
    known: dict[_Key, Any] = field(default_factory=dict)

    @abstractmethod
    def read(self, row: Row, on_error: OnError) -> Any:
        """What the value of a row means."""

    def _key(self, row: Row) -> _Key | None:
        value = row.values.get(self.encoder.column, _NOT_PLAIN)
        kind = type(value)
        if kind not in _PLAIN or (kind is int and not _SMALLEST <= value <= _LARGEST):
            return None
        return kind, value

    def _column(self, row: Row, on_error: OnError) -> Values:
        return self.reader.read(row.column(self.encoder.column), on_error)

    def _keep(self, key: _Key | None, meaning: Any, values: Values) -> None:
        """Keep what a value means, if there was nothing to say about it."""
        if key is None or len(self.known) >= _MOST_KEPT or values.missing[0]:
            return
        says_nothing = key[0] is not str or self.reader.format is not None or self.reader.holds in ("text", "boolean")
        if says_nothing and not (key[0] is str and len(key[1]) > _LONGEST_KEPT):
            self.known[key] = meaning


class _NumberCell(_Cell):
    """A number, which is encoded with all others."""

    __slots__ = ()

    def read(self, row: Row, on_error: OnError) -> Any:
        key = self._key(row)
        if key is None or key[0] is str:
            if (number := self.known.get(key)) is None:  # type: ignore[arg-type]
                values = self._column(row, on_error)
                self._keep(key, number := values.array[0], values)
            return number
        kind, number = key
        if not self.reader.missing or kind in (bool, np.bool_):
            return number
        return self.reader.unmarked(np.array([number], dtype=np.float64))[0]


class _CategoryCell(_Cell):
    """A category, by its slot."""

    __slots__ = ()

    def read(self, row: Row, on_error: OnError) -> int | tuple[_Key | None, Values]:
        """The slot; or the value and the column that holds it."""
        key = self._key(row)
        slot: int | None = self.known.get(key)  # type: ignore[arg-type]
        return (key, self._column(row, on_error)) if slot is None else slot

    def write(self, meaning: int | tuple[_Key | None, Values], features: np.ndarray) -> bool:
        """Write the features; whether they are those of an average row."""
        if isinstance(meaning, int):
            features[0, self.place.start + meaning] = 1.0
            return False
        key, values = meaning
        slots = self.encoder.entries(values)
        self.encoder.write(slots, features[:, self.place])
        if slots[0] < 0:
            return True
        self._keep(key, int(slots[0]), values)
        return False


class _FeaturesCell(_Cell):
    """A truth value, a date or a free text, by its features."""

    __slots__ = ()

    def read(self, row: Row, on_error: OnError) -> np.ndarray:
        key = self._key(row)
        features: np.ndarray | None = self.known.get(key)  # type: ignore[arg-type]
        if features is None:
            values = self._column(row, on_error)
            features = np.empty((1, self.place.stop - self.place.start), dtype=np.float32)
            self.encoder.write(self.encoder.entries(values), features)
            self._keep(key, features, values)
        return features

    def write(self, meaning: np.ndarray, features: np.ndarray) -> bool:
        features[:, self.place] = meaning
        return False


def _cell(encoder: ColumnEncoder, reader: ColumnReader, place: slice) -> _Cell:
    if isinstance(encoder, NumberColumn):
        return _NumberCell(encoder, reader, place)
    if not isinstance(encoder, CategoryColumn):
        return _FeaturesCell(encoder, reader, place)
    # Nothing, and texts that are names of categories, are known from the beginning.
    cell = _CategoryCell(encoder, reader, place)
    texts = [None, *(encoder.categories if reader.holds == "text" else ())]
    slots = encoder.entries(reader.read(pa.chunked_array([pa.array(texts, pa.large_string())])))
    cell.known.update({(type(text), text): slot for text, slot in zip(texts, slots.tolist(), strict=True) if slot >= 0})
    return cell


class _Numbers:
    """All numbers of a row."""

    def __init__(self, cells: Sequence[_NumberCell]) -> None:
        columns = [cell.encoder for cell in cells]
        starts = np.array([cell.place.start for cell in cells], dtype=np.intp)
        self._scales = []
        for scaling in {column.scaling for column in columns}:
            which = np.array([i for i, column in enumerate(columns) if column.scaling == scaling])
            parts = (np.array([getattr(columns[i], part) for i in which]) for part in ("center", "scale", "low", "high"))
            self._scales.append((NumberScale(scaling, *parts), which, starts[which]))
        self._may_miss = np.flatnonzero([column.has_missing for column in columns])
        self._marks = starts[self._may_miss] + 1

    def write(self, numbers: np.ndarray, features: np.ndarray) -> None:
        with np.errstate(under="ignore"):
            for scale, which, places in self._scales:
                features[places] = scale.apply(numbers[which])
        features[self._marks] = np.isnan(numbers[self._may_miss])
