"""A sample of the training rows, the same at every call with the same seed."""

from __future__ import annotations

import numpy as np

from lamina.engine.plan import Batches

__all__ = ["drawn_rows"]

_PURPOSE = 0x50524F4245  # numbers of its own, apart from whatever else a seed draws


def drawn_rows(data: Batches, count: int, seed: int) -> Batches:
    """Copies of ``count`` rows, in the order of the data; of all if there are fewer. Rows of weight 0 are left out.

    >>> data = Batches([np.arange(10.0)[:, None]], sample_weight=np.array([0.0, 0.0, *[1.0] * 8]))
    >>> [len(drawn_rows(data, count, seed=0).inputs[0]) for count in (3, 100)]
    [3, 8]
    """
    weight = data.sample_weight
    rows = np.arange(data.num_rows) if weight is None else np.flatnonzero(weight)
    if len(rows) > count:
        chosen = np.random.default_rng([_PURPOSE, seed]).choice(len(rows), count, replace=False, shuffle=False)
        rows = rows[np.sort(chosen)]
    return Batches(
        [array[rows] for array in data.inputs],
        [array[rows] for array in data.targets],
        None if weight is None else weight[rows],
    )
