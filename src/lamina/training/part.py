"""A part of an epoch: rows that are at hand together, and the order in which steps take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.engine.plan import Batches

__all__ = ["BatchWeights", "Part"]


class BatchWeights(NamedTuple):
    """The sum of the rows' weights in each batch, float64; ``is_equal`` if it is the same in all because none has a weight."""

    sums: np.ndarray
    is_equal: bool


class Part(NamedTuple):
    """Rows of an epoch that are in memory together; an epoch on arrays is a single part.

    Attributes
    ----------
    data : Batches
    order : ndarray of shape (n,)
        The numbers of the rows to train on, int64, in training order; some rows may be left to the next part.
    batch_size : int
        Only the last batch of the last part may be smaller.
    is_last : bool
        Whether the epoch ends with it.
    """

    data: Batches
    order: np.ndarray
    batch_size: int
    is_last: bool = True

    @property
    def num_steps(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def weights(self, num_steps: int) -> BatchWeights:
        """The weights of the first batches."""
        size = self.batch_size
        used = self.order[: num_steps * size]
        if self.data.sample_weight is not None and len(used):
            weights = self.data.sample_weight[used].astype(np.float64)
            return BatchWeights(np.add.reduceat(weights, np.arange(0, len(used), size)), is_equal=False)
        sums = np.full(num_steps, float(size))
        if len(used) == num_steps * size:
            return BatchWeights(sums, is_equal=True)
        sums[-1] = len(used) - (num_steps - 1) * size
        return BatchWeights(sums, is_equal=False)
