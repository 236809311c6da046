"""The training rows of a fit: arrays, all at hand, or blocks (:mod:`lamina.training.blocks`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import numpy as np

from lamina.engine.plan import Batches
from lamina.training.drawn_rows import drawn_rows
from lamina.training.fingerprint import fingerprint
from lamina.training.finite import is_beyond
from lamina.training.pace import Pace
from lamina.training.part import Part
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["ArrayRows", "Rows", "as_rows"]


class Rows(ABC):
    """What a fit needs of its training rows.

    Attributes
    ----------
    all : Batches or None
        All rows; None if they are not in memory together.
    num_rows : int or None
        None as long as it is not known.
    """

    all: Batches | None
    num_rows: int | None

    @abstractmethod
    def first(self) -> Batches:
        """The rows that initializers are fitted to: all of them, or the first ones."""

    @abstractmethod
    def know(self, num_rows: int | None) -> None:
        """Take the number of rows from a checkpoint, if it is not known otherwise."""

    @abstractmethod
    def parts(self, epoch: int, pace: Pace, last_epoch: int, is_over: Callable[[], bool]) -> Iterator[Part]:
        """The parts of an epoch, one after the other; none any more if ``is_over``, which is asked while rows are awaited.

        Those of the epochs until ``last_epoch`` may be made ahead.
        """

    @abstractmethod
    def draw(self, count: int, seed: int) -> Batches:
        """See :meth:`lamina.training.Trainer.draw_rows`."""

    @abstractmethod
    def loss(self, model: WeightedNetwork) -> float:
        """The loss of all rows in inference mode; NaN if they cannot be had again."""

    @abstractmethod
    def final_loss(self, model: WeightedNetwork) -> float:
        """A loss that is NaN or infinite if predictions are: of all rows, or of some if all would take long."""

    @abstractmethod
    def fingerprint(self, validation: Batches | None) -> str:
        """A checksum that tells these rows from others."""

    @abstractmethod
    def are_beyond(self, dtype: np.dtype) -> bool:
        """Whether an input holds a number beyond the range of ``dtype``."""

    @abstractmethod
    def close(self) -> None:
        """End whatever works on these rows."""


class ArrayRows(Rows):
    """Rows that are all at hand.

    Parameters
    ----------
    data : Batches
    """

    def __init__(self, data: Batches) -> None:
        self.all = self._data = data
        self.num_rows = data.num_rows

    def first(self) -> Batches:
        return self._data

    def parts(self, epoch: int, pace: Pace, last_epoch: int, is_over: Callable[[], bool]) -> Iterator[Part]:
        yield Part(self._data, pace.order(epoch), pace.rows_a_step)

    def draw(self, count: int, seed: int) -> Batches:
        return drawn_rows(self._data, count, seed)

    def loss(self, model: WeightedNetwork) -> float:
        return model.loss(self._data)

    def final_loss(self, model: WeightedNetwork) -> float:
        return model.loss(self._data)

    def fingerprint(self, validation: Batches | None) -> str:
        return fingerprint(self._data, validation)

    def are_beyond(self, dtype: np.dtype) -> bool:
        return any(is_beyond(array, dtype) for array in self._data.inputs)

    def know(self, num_rows: int | None) -> None:
        """It is known."""

    def close(self) -> None:
        """Nothing works on arrays."""


def as_rows(data: Batches | Rows) -> Rows:
    """Rows in the engine's form as training rows."""
    return data if isinstance(data, Rows) else ArrayRows(data)
