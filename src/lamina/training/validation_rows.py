"""The validation rows of a fit: arrays, or blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from lamina.engine.plan import Batches
from lamina.training.blocks.block_reader import BlockReader
from lamina.training.blocks.measuring import measure_blocks
from lamina.training.blocks.source import BlockSource, begin_of
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["ArrayValidation", "BlockValidation", "ValidationRows"]


class ValidationRows(ABC):
    """Rows that are measured after every epoch.

    Attributes
    ----------
    all : Batches or None
        All rows; None if they are not in memory together.
    first : Batches
        All rows, or those of the first block: what tells them from others.
    """

    all: Batches | None
    first: Batches

    @abstractmethod
    def measure(self, model: WeightedNetwork) -> dict[str, float]:
        """Losses and metrics by name."""


class ArrayValidation(ValidationRows):
    """Validation rows that are all at hand.

    Parameters
    ----------
    data : Batches
    targets
        As the user gave them.
    """

    def __init__(self, data: Batches, targets: Any) -> None:
        self.all = self.first = self._data = data
        self._targets = targets

    def measure(self, model: WeightedNetwork) -> dict[str, float]:
        return model.measure(self._data, self._targets)


class BlockValidation(ValidationRows):
    """Validation rows of a source of blocks: those of its epoch 0, whatever the epoch."""

    all = None

    def __init__(self, source: BlockSource, reader: BlockReader) -> None:
        self._source = source
        self._reader = reader
        self.first = next(reader.read(begin_of(source, 0)))

    def measure(self, model: WeightedNetwork) -> dict[str, float]:
        return measure_blocks(model, self._reader, self._source.passes(0))
