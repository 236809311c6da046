"""Arrays on disk, cut into blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lamina.engine import permutation
from lamina.errors import ShapeError, phrase
from lamina.training.blocks.source import Block
from lamina.validation import check_parameters, integer, one_of, value

__all__ = ["ArrayBlocks", "has_memmap"]

_RULES = {"block_rows": integer(1), "seed": one_of(integer(0), value(None))}


class ArrayBlocks:
    """A :class:`BlockSource` that cuts arrays into blocks: memory-mapped files, say, which are never loaded as a whole.

    Parameters
    ----------
    X : array of shape (n, width), or a list or dict of such
        One per input; anything with a shape that gives rows for a slice, such as ``numpy.memmap`` or an HDF5 or Zarr array.
    y : array of shape (n,) or (n, target width), or a list or dict of such
        One per output.
    sample_weight : array of shape (n,), optional
    block_rows : int, default=16384
        Rows of a block, >= 1; the last one may have fewer.
    seed : int or None, default=0
        The seed of the blocks' order, which is another in every epoch. None: the order of the rows.

    Attributes
    ----------
    num_rows : int
    numbers_a_row : int
        How many numbers a row has in all arrays together.

    Raises
    ------
    InvalidSettingError
        If ``block_rows`` or ``seed`` is out of range.
    ShapeError
        If the arrays differ in their number of rows.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5.0)
    >>> [y.tolist() for X, y in ArrayBlocks(X, y, block_rows=2, seed=None).passes(0)]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """

    def __init__(self, X: Any, y: Any, sample_weight: Any = None, *, block_rows: int = 16384, seed: int | None = 0) -> None:
        check_parameters({"block_rows": block_rows, "seed": seed}, _RULES, owner="ArrayBlocks")
        self._arrays = tuple(map(_sliceable, (X, y) if sample_weight is None else (X, y, sample_weight)))
        self.block_rows = int(block_rows)
        self.seed = seed
        self.num_rows = _common_length(self._arrays)
        self.numbers_a_row = sum(math.prod(array.shape[1:]) for part in self._arrays for array in _each(part))

    def passes(self, epoch: int) -> Iterator[Block]:
        """The blocks of an epoch."""
        count = -(-self.num_rows // self.block_rows)
        order = np.arange(count) if self.seed is None else permutation(count, seed=self.seed, epoch=epoch)
        for number in order.tolist():
            rows = slice(number * self.block_rows, (number + 1) * self.block_rows)
            yield tuple(_rows(part, rows) for part in self._arrays)


def has_memmap(given: Any) -> bool:
    """Whether an array, or one of a list or dict of arrays, is a memory-mapped file."""
    return any(isinstance(part, np.memmap) for part in _each(given))


def _each(given: Any) -> list[Any]:
    """An array, or those of a list or dict, as a list."""
    if isinstance(given, Mapping):
        return list(given.values())
    return list(given) if isinstance(given, list | tuple) else [given]


def _sliceable(given: Any) -> Any:
    """An array, or a list or dict of arrays, as it is; numbers in a list as an array."""
    return given if all(hasattr(array, "shape") for array in _each(given)) else np.asarray(given)


def _rows(given: Any, rows: slice) -> Any:
    """Rows of an array, or of each of a list or dict of arrays."""
    if isinstance(given, Mapping):
        return {name: array[rows] for name, array in given.items()}
    return [array[rows] for array in given] if isinstance(given, list | tuple) else given[rows]


def _common_length(arrays: Block) -> int:
    lengths = [int(array.shape[0]) if array.shape else 1 for part in arrays for array in _each(part)]
    if len(set(lengths)) != 1:
        raise ShapeError(phrase("X, y and sample_weight", "must have equally many rows", lengths, owner="ArrayBlocks"))
    return lengths[0]
