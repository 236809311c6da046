"""The rows that a rank has for a training, and how it gets those of its next steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from lamina.distributed.next_rows import NextRows, OwnBatches, SharedOrder
from lamina.distributed.shares import share
from lamina.engine.plan import Batches
from lamina.training.blocks.block_reader import BlockReader
from lamina.training.blocks.source import BlockSource
from lamina.training.blocks.streamed_rows import StreamedRows
from lamina.training.pace import Pace
from lamina.training.part import Part
from lamina.training.settings import TrainerSettings
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["Common", "Own", "Place", "RankRows", "Stream", "close_source", "part_of_batch"]

_SAMPLE_ROWS = 4096


class Place(NamedTuple):
    """Where in its rows a training is: epochs and steps of this epoch that are done, and when it ends at the latest."""

    epoch: int
    steps_done: int
    last_epoch: int


class RankRows(Protocol):
    """What a rank that follows has of a training's rows."""

    def sample(self) -> Batches:
        """Some rows, or all."""

    def next(self, told: Any, rank: int, size: int) -> NextRows:
        """The rows of the next steps, as rank 0 tells of them."""

    def close(self) -> None:
        """Nothing more is asked for."""


class Common:
    """Rows that all ranks have, whose order rank 0 tells.

    Parameters
    ----------
    data : Batches
    """

    def __init__(self, data: Batches) -> None:
        self.data = data

    def sample(self) -> Batches:
        return self.data

    def next(self, told: tuple[np.ndarray, int], rank: int, size: int) -> NextRows:
        order, batch_size = told
        return SharedOrder(self.data, order.astype(np.int64, copy=False), batch_size, rank, size)

    def close(self) -> None:
        """There is nothing to end."""


class Own(NamedTuple):
    """A rank's share of a source of blocks, which can be sent to another process, and the settings that rows depend on."""

    source: BlockSource
    settings: TrainerSettings

    @classmethod
    def of(cls, source: BlockSource, trainer: TrainerSettings) -> Own:
        """As a trainer with these settings takes its rows."""
        alike = {name: getattr(trainer, name) for name in ("batch_size", "shuffle", "shuffle_rows", "seed", "dtype")}
        return cls(source, TrainerSettings(trainer.network, list(trainer.losses), **alike))


class Stream:
    """The stream of a rank's own rows, which is taken up again wherever the training is.

    Parameters
    ----------
    own : Own
    """

    def __init__(self, own: Own) -> None:
        self._source, self._settings = own
        settings = self._settings
        model = WeightedNetwork(settings.network, settings.losses, None, {}, np.dtype(settings.dtype), "auto", 1, settings.seed)
        self._program = model.executor.program
        self._rows = StreamedRows(self._source, BlockReader(model), settings.chosen_shuffle_rows, model.executor.dtype)
        self._at: tuple[int, int] | None = None  # epoch, and steps of it that were taken
        self._parts: Iterator[Part] = iter(())
        self._part: Part | None = None
        self._used = 0  # steps of the part

    def sample(self) -> Batches:
        return self._rows.draw(_SAMPLE_ROWS, 0)

    def next(self, told: tuple[Place, int], rank: int, size: int) -> NextRows:
        place, num_steps = told
        if self._at != place[:2]:
            self._begin(place, rank, size)
            for _ in self._pieces(place.steps_done):
                pass
            self._at = place[:2]
        batch_size = self._settings.rows_a_step
        assert batch_size is not None
        return OwnBatches(self._pieces(num_steps), num_steps, batch_size, share(batch_size, rank, size).start)

    def close(self) -> None:
        self._rows.close()
        close_source(self._source)

    def _begin(self, place: Place, rank: int, size: int) -> None:
        """Go to the beginning of an epoch."""
        if self._part is not None and self._part.is_last:
            next(self._parts, None)  # by whose end the rows of the next epoch are awaited
        pace = Pace(self._settings, self._program, self._rows.num_rows, partial(part_of_batch, rank=rank, size=size))
        self._parts = self._rows.parts(place.epoch, pace, place.last_epoch, lambda: False)
        self._part, self._used = None, 0

    def _pieces(self, num_steps: int) -> Iterator[tuple[Batches, np.ndarray, int]]:
        """The rows of so many steps, piece by piece; fewer if there are no more."""
        while num_steps:
            if self._part is None or self._used == self._part.num_steps:
                self._part, self._used = next(self._parts, None), 0
                if self._part is None:
                    break
            data, order, size, _ = self._part
            taken = min(num_steps, self._part.num_steps - self._used)
            rows = order[self._used * size : (self._used + taken) * size]
            self._used += taken
            num_steps -= taken
            self._go_on(taken)
            yield data, rows, size
        self._go_on(num_steps)

    def _go_on(self, num_steps: int) -> None:
        if self._at is not None:
            self._at = self._at[0], self._at[1] + num_steps


def part_of_batch(batch_size: int, rank: int, size: int) -> int:
    """How many rows of a batch come from a rank's own rows."""
    mine = share(batch_size, rank, size)
    return int(mine.stop - mine.start)


def close_source(source: object) -> None:
    """End what a share of a source holds, if it can be told so."""
    close = getattr(source, "close", None)
    if close is not None:
        close()
