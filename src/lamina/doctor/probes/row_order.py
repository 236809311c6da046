"""How alike the rows of a batch are, where the batches are taken in the order of the rows."""

from __future__ import annotations

import numpy as np

from lamina.engine.plan import Batches
from lamina.losses import Loss

__all__ = ["likeness_in_batches"]

_FEWEST = 8  # rows, in which batches of fewer are taken together


def likeness_in_batches(data: Batches, loss: Loss, batch_size: int) -> float:
    """The share of the targets' variance that lies between batches of consecutive rows, beyond what chance puts there.

    Parameters
    ----------
    data : Batches
        Of which the first targets count.
    loss : Loss
        Theirs: class numbers are compared as classes.
    batch_size : int
        Smaller batches than 8 are taken as if they were of 8 rows: what consecutive steps undo, a larger batch would not see.

    Returns
    -------
    float
        1 where each batch is of one class, or number; about 0 of rows in a random order, and of a single batch.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> y = np.repeat([0.0, 1.0], 50)[:, None]
    >>> data = Batches([np.zeros((100, 1))], [y])
    >>> likeness_in_batches(data, get_loss("sigmoid_cross_entropy"), 10)
    1.0
    """
    target = np.asarray(data.targets[0], dtype=np.float64)
    if loss.one_of_several and target.shape[1] == 1:
        target = (target == np.unique(target)).astype(np.float64)
    num_rows, size = len(target), max(batch_size, _FEWEST)
    num_batches = -(-num_rows // size)
    centered = target - target.mean(axis=0)
    total = float((centered**2).sum())
    if num_batches < 2 or not total > 0:
        return 0.0
    number = np.arange(num_rows) // size
    sums = np.stack([np.bincount(number, column, num_batches) for column in centered.T], axis=1)
    between = float((sums**2 / np.bincount(number)[:, None]).sum()) / total
    by_chance = (num_batches - 1) / (num_rows - 1)
    return max((between - by_chance) / (1 - by_chance), 0.0)
