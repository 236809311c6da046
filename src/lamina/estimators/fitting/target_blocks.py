"""Blocks of rows as the trainer takes them: targets as the loss compares them, and weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from lamina.estimators.target.target import Target

__all__ = ["RowBlocks", "TargetBlocks"]


class RowBlocks(Protocol):
    """A source of blocks ``(X, y)`` (:class:`lamina.training.BlockSource`) that knows its number of rows."""

    @property
    def num_rows(self) -> int:
        """Of a pass."""

    def passes(self, epoch: int) -> Iterator[tuple[Any, np.ndarray]]:
        """The blocks of an epoch."""

    def share(self, rank: int, size: int) -> RowBlocks:
        """Those of one of several processes."""

    def close(self) -> None:
        """Delete what was kept on disk."""


class TargetBlocks:
    """A source of blocks whose y is what the loss compares predictions with.

    Parameters
    ----------
    source : RowBlocks
        Labels or numbers as an estimator is given them.
    target : Target
    dtype : dtype
        Of the network.
    """

    def __init__(self, source: RowBlocks, target: Target, dtype: np.dtype) -> None:
        self.num_rows = source.num_rows
        self._source, self._target, self._dtype = source, target, dtype

    def share(self, rank: int, size: int) -> TargetBlocks:
        """The blocks of one of several processes."""
        return TargetBlocks(self._source.share(rank, size), self._target, self._dtype)

    def close(self) -> None:
        """Delete what was kept on disk, of a share: the whole source belongs to who gave it."""
        self._source.close()

    def passes(self, epoch: int) -> Iterator[tuple[Any, ...]]:
        """The blocks of an epoch: features, targets and, if classes have weights, the rows' weights."""
        for X, y in self._source.passes(epoch):
            truth = self._target.encode(y)
            weight = self._target.row_weights(truth, None)
            block = (X, self._target.targets(truth, self._dtype))
            yield block if weight is None else (*block, weight)
