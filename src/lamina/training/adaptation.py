"""First weights fitted to the rows of a training."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from lamina.engine.plan import Batches
from lamina.network import Network

__all__ = ["adapted_to"]


def adapted_to(
    data: Batches, network: Network, parameters: np.ndarray, state: np.ndarray, seed: int, keep: Collection[str] = ()
) -> np.ndarray:
    """See :meth:`lamina.network.Network.adapt_weights`; the rows are those of ``data``."""
    X = dict(zip(network.input_names, data.inputs, strict=True))
    return network.adapt_weights(parameters, state, X, seed=seed, sample_weight=data.sample_weight, keep=keep)
