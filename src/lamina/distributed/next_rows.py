"""The rows of a rank's next steps: a share of an order that all ranks know, or the next ones of a stream of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lamina.distributed.shares import share
from lamina.engine.plan import Batches

__all__ = ["NextRows", "OwnBatches", "Run", "SharedOrder", "Turn", "weight_of"]


class Turn(NamedTuple):
    """What a rank has of one step: the rows with some numbers, from the place ``first_row`` of the batch on; maybe none.

    ``total`` is the weight that losses are divided by, and ``num_rows`` how many rows the batch has.
    """

    data: Batches
    rows: np.ndarray
    first_row: int
    total: float
    num_rows: int


class Run(NamedTuple):
    """Steps of a rank alone: the first one's number, and the rows in their order, so many a step (the last may have fewer)."""

    first: int
    data: Batches
    order: np.ndarray
    batch_size: int

    @property
    def batches(self) -> list[np.ndarray]:
        """The rows of each step."""
        return [self.order[i : i + self.batch_size] for i in range(0, len(self.order), self.batch_size)]


class NextRows(ABC):
    """The rows of a rank's next ``num_steps`` steps, which are gone through once.

    Attributes
    ----------
    num_steps : int
        The same on all ranks.
    knows_totals : bool
        Whether ``total`` and ``num_rows`` of turns are those of the batch. If not, they are equal on all ranks, and what the
        batch has is known once the ranks have added it up.
    """

    num_steps: int
    knows_totals: bool

    @abstractmethod
    def turns(self, least: int) -> Iterator[Turn]:
        """A turn for each step; no rank takes fewer than ``least`` rows of a batch that has more."""

    @abstractmethod
    def runs(self, first: int, end: int, least: int) -> Iterator[Run]:
        """The steps from the number ``first`` to that before ``end``, from 0; those without rows are left out.

        It is asked for steps in their order.
        """


class SharedOrder(NextRows):
    """Shares of batches whose rows all ranks have.

    Parameters
    ----------
    data : Batches
    order : ndarray of shape (n,)
        Of all ranks together.
    batch_size : int
        Likewise.
    rank, size : int
    """

    knows_totals = True

    def __init__(self, data: Batches, order: np.ndarray, batch_size: int, rank: int, size: int) -> None:
        self._data, self._order, self._batch_size = data, order, batch_size
        self._rank, self._size = rank, size
        self.num_steps = -(-len(order) // batch_size)

    def turns(self, least: int) -> Iterator[Turn]:
        for i in range(self.num_steps):
            rows = self._order[i * self._batch_size : (i + 1) * self._batch_size]
            mine = self._share(len(rows), least)
            yield Turn(self._data, rows[mine], mine.start, weight_of(self._data, rows), len(rows))

    def runs(self, first: int, end: int, least: int) -> Iterator[Run]:
        order, size = self._order, self._batch_size
        full = min(end, len(order) // size)
        for begin, stop, rows in ((first, full, size), (full, end, len(order) % size)):
            mine = self._share(rows, least)
            count = mine.stop - mine.start
            if begin < stop and count:
                batches = order[begin * size : begin * size + (stop - begin) * rows].reshape(stop - begin, rows)
                yield Run(begin, self._data, np.ascontiguousarray(batches[:, mine]).ravel(), count)

    def _share(self, num_rows: int, least: int) -> slice:
        return share(num_rows, self._rank, self._size, least)


class OwnBatches(NextRows):
    """The next rows of a stream that only this rank has.

    Parameters
    ----------
    pieces : iterator of (Batches, ndarray, int)
        Rows in memory, the numbers of those to train on in their order, and how many of them a step takes. If they are at an end,
        this rank has no rows for the other steps.
    num_steps : int
    batch_size : int
        Of all ranks together.
    first_row : int
        Where this rank's rows stand in a batch.
    """

    knows_totals = False

    def __init__(
        self, pieces: Iterator[tuple[Batches, np.ndarray, int]], num_steps: int, batch_size: int, first_row: int
    ) -> None:
        self._pieces = pieces
        self.num_steps = num_steps
        self._batch_size, self._first_row = batch_size, first_row
        self._begun: tuple[Batches, np.ndarray, int] | None = None

    def turns(self, least: int) -> Iterator[Turn]:
        done, of_batch = 0, (self._first_row, float(self._batch_size), self._batch_size)
        for run in self.runs(0, self.num_steps, least):
            for rows in run.batches:
                done += 1
                yield Turn(run.data, rows, *of_batch)
        for _ in range(done, self.num_steps):
            yield Turn(Batches([]), np.empty(0, dtype=np.int64), *of_batch)

    def runs(self, first: int, end: int, least: int) -> Iterator[Run]:
        while first < end:
            begun = next(self._pieces, None) if self._begun is None else self._begun
            if begun is None:
                return
            data, order, size = begun
            rows = order[: (end - first) * size]
            self._begun = None if len(rows) == len(order) else (data, order[len(rows) :], size)
            if len(rows):
                yield Run(first, data, rows, size)
            first += -(-len(rows) // size)


def weight_of(data: Batches, rows: np.ndarray) -> float:
    """The sum of the rows' weights."""
    return float(len(rows)) if data.sample_weight is None else float(data.sample_weight[rows].sum(dtype=np.float64))
