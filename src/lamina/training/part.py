"""A part of an epoch: rows that are at hand together, and the order in which steps take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.engine.plan import Batches

__all__ = ["BatchWeights", "Part"]


class BatchWeights(NamedTuple):
    """The sum of the rows' weights in each batch, float64; None if it is ``size``, the number of rows, in all of them."""

    found: np.ndarray | None
    num_batches: int
    size: int

    @property
    def sums(self) -> np.ndarray:
        return np.full(self.num_batches, float(self.size)) if self.found is None else self.found


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
            return BatchWeights(np.add.reduceat(weights, np.arange(0, len(used), size)), num_steps, size)
        if len(used) == num_steps * size:
            return BatchWeights(None, num_steps, size)
        sums = np.full(num_steps, float(size))
        sums[-1] = len(used) - (num_steps - 1) * size
        return BatchWeights(sums, num_steps, size)
