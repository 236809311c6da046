"""A column of Python objects of several types: each value means beside the others what it means alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lamina.data.arrow_values import value_type
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["MixedColumn", "has_truths_among_numbers"]

_NOTHING, _TRUTH, _NUMBER, _TEXT, _OTHER = range(5)


@dataclass(frozen=True, eq=False)
class MixedColumn:
    """Truth values, numbers and texts side by side, which Arrow cannot hold as values of one type.

    Attributes
    ----------
    texts : pyarrow.ChunkedArray of large_string
        The name of each value: a text itself, "true", "1.5".
    kinds : ndarray of shape (n,) int8
        What each value is.
    values : ndarray of shape (n,) object
        The values themselves.
    """

    texts: pa.ChunkedArray
    kinds: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, missing: np.ndarray, texts: pa.ChunkedArray) -> Self | None:
        """The column of truth values, numbers and texts, whose names are known; None if all are texts or one is none of these.

        Examples
        --------
        >>> values = np.array([True, 2.5], dtype=object)
        >>> column = MixedColumn.of(values, np.zeros(2, bool), pa.chunked_array([["true", "2.5"]]))
        >>> [(rows.tolist(), part.to_pylist()) for rows, part in column.parts()]
        [([0], [True]), ([1], [2.5])]
        """
        kinds = [_NOTHING if nothing else _kind(value) for value, nothing in zip(values, missing, strict=True)]
        is_mixed = _OTHER not in kinds and not {_NOTHING, _TEXT}.issuperset(kinds)
        return cls(texts, np.array(kinds, dtype=np.int8), values) if is_mixed else None

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def plain(self) -> pa.ChunkedArray:
        """The column as values of one type: numbers, among which truth values are 0 and 1, or texts where it holds any."""
        if (self.kinds == _TEXT).any():
            return self.texts
        numbers = [None if kind == _NOTHING else float(value) for value, kind in zip(self.values, self.kinds, strict=True)]
        return pa.chunked_array([pa.array(numbers, pa.float64())])

    def parts(self) -> Iterator[tuple[np.ndarray, pa.ChunkedArray]]:
        """The values of each kind, as a column, and the rows in which they stand."""
        for kind in (_TRUTH, _NUMBER, _TEXT):
            rows = np.flatnonzero(self.kinds == kind)
            if len(rows):
                yield rows, self.texts.take(pa.array(rows)) if kind == _TEXT else self._typed(rows, kind)

    def filter(self, mask: pa.Array) -> MixedColumn:
        """The rows of a mask."""
        keep = np.asarray(mask)
        return MixedColumn(self.texts.filter(mask), self.kinds[keep], self.values[keep])

    def _typed(self, rows: np.ndarray, kind: int) -> pa.ChunkedArray:
        values = [bool(value) if kind == _TRUTH else float(value) for value in self.values[rows]]
        return pa.chunked_array([pa.array(values)])


def has_truths_among_numbers(found: pa.Array, values: np.ndarray) -> bool:
    """Whether Arrow took truth values among ``values`` for numbers: after some numbers it does, and after others it refuses."""
    return value_type(found.type) == "number" and any(isinstance(value, bool | np.bool_) for value in values)


def _kind(value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        return _TRUTH
    if isinstance(value, Real | Decimal):
        return _NUMBER
    return _TEXT if isinstance(value, str) else _OTHER
