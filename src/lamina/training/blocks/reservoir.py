"""The shuffle buffer: rows of several blocks together, of which batches are made.

The order of a pass follows from the seed, the epoch, the capacity and the rows in the order in which the source gives them. How
these are cut into blocks does not matter, nor how fast they come:

    1. The reservoir is filled with the next rows of the source, after those that it still holds.
    2. Its n rows are permuted: :func:`lamina.engine.randomness.permutation` of the epoch and the number of the filling.
    3. If the source has more rows, steps take the first half of the permutation (to whole batches), and the other half stays;
       if not, they take all, and the last batch may be short.

So each row meets the rows of the next few fillings, too. A source that fits into the reservoir trains as arrays do, to the bit.
Without shuffling, batches are the rows in the source's order, and what does not fill a batch stays.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.engine import permutation
from lamina.engine.plan import Batches
from lamina.training.blocks.row_memory import RowMemory
from lamina.training.part import Part

__all__ = ["Reservoir"]


class Reservoir:
    """Makes the parts of an epoch out of blocks.

    Parts alternate between two memories: one part may be trained on while the next one is made, but no longer.

    Parameters
    ----------
    capacity : int
        The most rows that it holds; at least two batches in any case.
    batch_size : int
    seed : int or None
        Of the shuffle; None: the rows stay in order.
    dtype : dtype
        Of the rows in it.
    leaves_lone : bool, default=False
        Whether a last batch of one row is left out.
    """

    def __init__(self, capacity: int, batch_size: int, seed: int | None, dtype: np.dtype, *, leaves_lone: bool = False) -> None:
        self.capacity = max(capacity, 2 * batch_size)
        self._batch_size = batch_size
        self._seed = seed
        self._leaves_lone = leaves_lone
        self._memories = RowMemory(self.capacity, dtype), RowMemory(self.capacity, dtype)

    def parts(self, blocks: Iterator[Batches], epoch: int) -> Iterator[Part]:
        """The parts of an epoch, of which there is at least one if there are rows."""
        cut, kept, number = _Cut(blocks), np.empty(0, dtype=np.int64), 0
        before, memory = self._memories
        while True:
            memory.begin(before, kept)
            while memory.num_rows < self.capacity and (piece := cut.next(self.capacity - memory.num_rows)) is not None:
                memory.add(*piece)
            data, is_last = memory.batches(), not cut.has_more()
            order = self._order(data.num_rows, epoch, number)
            count = self._num_used(len(order), is_last)
            yield Part(data, order[:count], self._batch_size, is_last)
            before, memory = memory, before
            self._memories = before, memory
            if is_last:
                return
            kept, number = order[count:], number + 1

    def _order(self, num_rows: int, epoch: int, number: int) -> np.ndarray:
        if self._seed is None:
            return np.arange(num_rows, dtype=np.int64)
        return permutation(num_rows, seed=self._seed, epoch=epoch, part=number)

    def _num_used(self, num_rows: int, is_last: bool) -> int:
        """How many rows steps take of those in the reservoir."""
        if is_last:
            return num_rows - (self._leaves_lone and num_rows % self._batch_size == 1)
        usable = num_rows if self._seed is None else num_rows // 2
        return usable // self._batch_size * self._batch_size


class _Cut:
    """Blocks as pieces of at most so many rows."""

    def __init__(self, blocks: Iterator[Batches]) -> None:
        self._blocks = blocks
        self._block: Batches | None = None
        self._used = 0

    def has_more(self) -> bool:
        """Whether there is another row; it may have to fetch a block."""
        if self._block is not None and self._used == self._block.num_rows:
            self._block = None  # before the next one is fetched: there is memory for one
        if self._block is None:
            self._block, self._used = next(self._blocks, None), 0
        return self._block is not None

    def next(self, most: int) -> tuple[Batches, int, int] | None:
        """The next piece: a block, and its first row and the end; None at the end of all."""
        if not self.has_more():
            return None
        assert self._block is not None
        first = self._used
        self._used = min(first + most, self._block.num_rows)
        return self._block, first, self._used
