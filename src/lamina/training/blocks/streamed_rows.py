"""Training rows that come in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from lamina.engine.plan import Batches
from lamina.training.blocks.ahead import Ahead
from lamina.training.blocks.block_reader import BlockReader
from lamina.training.blocks.measuring import loss_of_blocks
from lamina.training.blocks.reservoir import Reservoir
from lamina.training.blocks.source import BlockSource, begin_of, is_single, num_rows_of
from lamina.training.drawn_rows import drawn_rows
from lamina.training.fingerprint import fingerprint
from lamina.training.pace import Pace
from lamina.training.part import Part
from lamina.training.rows import Rows
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["StreamedRows", "default_shuffle_rows"]

_MOST_ROWS = 2**18
_MOST_BYTES = 2**27
_SAMPLE_ROWS = 8192


def default_shuffle_rows(numbers_a_row: float, dtype: np.dtype) -> int:
    """How many rows are shuffled together by default: 262,144, or as many as take 128 MiB.

    >>> [default_shuffle_rows(numbers, np.dtype("float32")) for numbers in (21, 4096)]
    [262144, 8192]
    """
    return max(1, min(_MOST_ROWS, int(_MOST_BYTES / (max(1, numbers_a_row) * dtype.itemsize))))


class StreamedRows(Rows):
    """Training rows of a source of blocks. A thread reads and shuffles them ahead of the steps, from one epoch into the next.

    Parameters
    ----------
    source : BlockSource
    reader : BlockReader
    shuffle_rows : int or None
        How many rows are shuffled together; None chooses.
    dtype : dtype
        Of the executor.
    """

    all = None

    def __init__(self, source: BlockSource, reader: BlockReader, shuffle_rows: int | None, dtype: np.dtype) -> None:
        self._source = source
        self._reader = reader
        self._dtype = dtype
        self._shuffle_rows = shuffle_rows or default_shuffle_rows(_numbers_a_row(next(reader.read(begin_of(source, 0)))), dtype)
        self._declared = self.num_rows = num_rows_of(source, reader.num_rows)
        self._sample = drawn_rows(self.first(), _SAMPLE_ROWS, 0)
        self._ahead: Ahead[tuple[Part, int]] | None = None
        self._expects: tuple[int, tuple[object, ...]] | None = None  # the epoch whose parts are made ahead, and how

    def know(self, num_rows: int | None) -> None:
        if self.num_rows is None:
            self.num_rows = num_rows

    def first(self) -> Batches:
        """As many rows as are shuffled together, from the beginning of epoch 0."""
        reservoir = Reservoir(self._shuffle_rows, 1, None, self._dtype)
        found = next(reservoir.parts(self._reader.read(begin_of(self._source, 0)), 0)).data
        is_blank = found.sample_weight is not None and not np.any(found.sample_weight)
        return Batches(found.inputs, found.targets) if is_blank else found

    def parts(self, epoch: int, pace: Pace, last_epoch: int, is_over: Callable[[], bool]) -> Iterator[Part]:
        ahead, self._expects = self._made_ahead(epoch, pace, last_epoch), None
        while (taken := ahead.take(is_over)) is not None:
            part, num_rows = taken
            del taken
            yield part
            if part.is_last:
                self.know(num_rows)
                self._expects = (epoch + 1, _making(pace))
                return

    def draw(self, count: int, seed: int) -> Batches:
        return drawn_rows(self._sample, count, seed)

    def loss(self, model: WeightedNetwork) -> float:
        if is_single(self._source):
            return math.nan
        return loss_of_blocks(model, self._reader, self._source.passes(0))

    def final_loss(self, model: WeightedNetwork) -> float:
        return model.loss(self._sample)

    def fingerprint(self, validation: Batches | None) -> str:
        return f"{fingerprint(self._sample, validation)} of {self._declared or 'unknown'} rows"

    def are_beyond(self, dtype: np.dtype) -> bool:
        return False  # such blocks are refused

    def close(self) -> None:
        ahead, self._ahead, self._expects = self._ahead, None, None
        if ahead is not None:
            ahead.close()

    def _made_ahead(self, epoch: int, pace: Pace, last_epoch: int) -> Ahead[tuple[Part, int]]:
        if self._ahead is None or self._expects != (epoch, _making(pace)):
            self.close()
            end = epoch + 1 if is_single(self._source) else max(last_epoch, epoch + 1)
            self._ahead = Ahead(self._make(range(epoch, end), pace, self.num_rows))
        return self._ahead

    def _make(self, epochs: range, pace: Pace, expected: int | None) -> Iterator[tuple[Part, int]]:
        """The parts of some epochs, each with the rows read so far in the epoch; runs in the thread."""
        batch_size, shuffle, seed, leaves_lone = _making(pace)
        reservoir = Reservoir(self._shuffle_rows, batch_size, seed if shuffle else None, self._dtype, leaves_lone=leaves_lone)
        for epoch in epochs:
            count = _Count(self._reader.read(self._source.passes(epoch), expected=expected, reason=self._reason()))
            for part in reservoir.parts(count, epoch):
                yield part, count.num_rows
                del part
            expected = count.num_rows

    def _reason(self) -> str:
        return "as in the first epoch" if self._declared is None else "the num_rows of the source"


def _numbers_a_row(block: Batches) -> float:
    """How many numbers a row holds; of sparse rows, those that are stored, and their columns."""
    weight = [] if block.sample_weight is None else [block.sample_weight]
    arrays = [*block.inputs, *block.targets, *weight]
    return sum(array.size if isinstance(array, np.ndarray) else 2 * array.nnz for array in arrays) / block.num_rows


class _Count:
    """Counts the rows of the blocks that go through it."""

    def __init__(self, blocks: Iterator[Batches]) -> None:
        self._blocks = blocks
        self.num_rows = 0

    def __iter__(self) -> Iterator[Batches]:
        return self

    def __next__(self) -> Batches:
        block = next(self._blocks)
        self.num_rows += block.num_rows
        return block


def _making(pace: Pace) -> tuple[int, bool, int, bool]:
    """What the parts of an epoch depend on beside its rows: batch size, whether to shuffle and by which seed, a lone last row."""
    settings = pace.settings
    assert pace.batch_rows is not None
    return pace.batch_rows, settings.shuffle, settings.seed, pace.leaves_lone
