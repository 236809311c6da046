"""Memory for rows of blocks, which is used again for others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lamina.engine.plan import Batches, InputArray
from lamina.errors import DataError, phrase

__all__ = ["RowMemory"]


class RowMemory:
    """Up to ``capacity`` rows: inputs, targets and weights.

    Attributes
    ----------
    num_rows : int
    """

    def __init__(self, capacity: int, dtype: np.dtype) -> None:
        self._capacity = capacity
        self._dtype = dtype
        self._columns: list[Column] = []
        self._num_inputs = 0
        self._is_weighted = False
        self.num_rows = 0

    def begin(self, before: RowMemory, kept: np.ndarray) -> None:
        """Hold only these rows of the memory before."""
        self.num_rows = len(kept)
        for column in self._columns:
            column.clear()
        if not len(kept):
            return
        self._make_room(before.batches())
        for column, other in zip(self._columns, before._columns, strict=True):
            column.take(other, kept)

    def add(self, block: Batches, first: int, end: int) -> None:
        """Add rows of a block."""
        self._make_room(block)
        arrays = _arrays(block)
        for number, (column, array) in enumerate(zip(self._columns, arrays, strict=True)):
            if sparse.issparse(array) != isinstance(column, _Sparse):
                rule = f"must be {'sparse' if isinstance(column, _Sparse) else 'dense'} in all blocks"
                raise DataError(phrase(f"input {number} of X", rule, type(array).__name__))
            column.add(array, first, end, self.num_rows)
        self.num_rows += end - first

    def batches(self) -> Batches:
        """The rows as the engine reads them."""
        arrays = [column.rows(self.num_rows) for column in self._columns]
        weight = arrays.pop() if self._is_weighted else None
        return Batches(arrays[: self._num_inputs], arrays[self._num_inputs :], weight)  # type: ignore[arg-type]

    def _make_room(self, like: Batches) -> None:
        if self._columns:
            return
        self._num_inputs, self._is_weighted = len(like.inputs), like.sample_weight is not None
        for array in _arrays(like):
            made = _Sparse(self._dtype) if sparse.issparse(array) else _Dense(self._capacity, array.shape[1:], self._dtype)
            self._columns.append(made)


class Column(ABC):
    """One of the arrays."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all rows."""

    @abstractmethod
    def take(self, other: Any, rows: np.ndarray) -> None:
        """Begin with these rows of another column of the same kind."""

    @abstractmethod
    def add(self, array: Any, first: int, end: int, at: int) -> None:
        """Add rows of an array, behind ``at`` rows."""

    @abstractmethod
    def rows(self, count: int) -> InputArray:
        """The first ``count`` rows, which are all."""


class _Dense(Column):
    def __init__(self, capacity: int, shape: Sequence[int], dtype: np.dtype) -> None:
        self._numbers = np.empty((capacity, *shape), dtype)

    def clear(self) -> None:
        """Rows are overwritten."""

    def take(self, other: Any, rows: np.ndarray) -> None:
        # mode="raise" would make a copy first
        np.take(other.rows(None), rows, axis=0, out=self._numbers[: len(rows)], mode="clip")

    def add(self, array: Any, first: int, end: int, at: int) -> None:
        self._numbers[at : at + end - first] = array[first:end]

    def rows(self, count: int | None) -> np.ndarray:
        return self._numbers[:count]


class _Sparse(Column):
    def __init__(self, dtype: np.dtype) -> None:
        self._dtype = dtype
        self._pieces: list[Any] = []

    def clear(self) -> None:
        self._pieces = []

    def take(self, other: Any, rows: np.ndarray) -> None:
        self._pieces = [other.rows(None)[rows]]

    def add(self, array: Any, first: int, end: int, at: int) -> None:
        self._pieces.append(array[first:end].astype(self._dtype))

    def rows(self, count: int | None) -> Any:
        if len(self._pieces) > 1:
            self._pieces = [sparse.vstack(self._pieces, format="csr")]
        return self._pieces[0]


def _arrays(data: Batches) -> list[Any]:
    weight = [] if data.sample_weight is None else [data.sample_weight]
    return [*data.inputs, *data.targets, *weight]
