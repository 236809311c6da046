"""Layer outputs: all output values of each layer, for densities and custom statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.layer_buffers import layer_buffers
from lamina.analysis.passes import batches_of, run_passes
from lamina.analysis.subject import Weights, subject_of
from lamina.analysis.table import text_table
from lamina.errors import InvalidSettingError, phrase_unknown
from lamina.network import Network
from lamina.training import Trainer

__all__ = ["LayerOutputs", "layer_outputs"]


@dataclass(frozen=True, eq=False, slots=True)
class LayerOutputs:
    """The outputs of layers: arrays of shape (n, width) by layer name, in forward order."""

    outputs: dict[str, np.ndarray]

    def __getitem__(self, layer: str) -> np.ndarray:
        return self.outputs[layer]

    def __str__(self) -> str:
        arrays = self.outputs.values()
        columns = {
            "layer": list(self.outputs),
            "width": [a.shape[1] for a in arrays],
            "mean": [float(a.mean()) for a in arrays],
            "standard deviation": [float(a.std()) for a in arrays],
            "least": [float(a.min()) for a in arrays],
            "greatest": [float(a.max()) for a in arrays],
        }
        return text_table(columns)


def layer_outputs(
    network: Network | Trainer,
    X: Any,
    *,
    layers: Sequence[str] | None = None,
    weights: Weights = None,
    state: np.ndarray | None = None,
    seed: int = 0,
    training: bool = False,
) -> LayerOutputs:
    """Compute the outputs of each layer for the rows of ``X``, in float64.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its current weights.
    X : array of shape (n, width), or a list or dict of arrays
    layers : sequence of str, optional
        Names of the layers; default: all.
    weights, state, seed
        As in :func:`lamina.analysis.activation_statistics`.
    training : bool, default=False
        Whether batch normalization uses the batch's own statistics, or the running ones. Dropout is always off.

    Returns
    -------
    LayerOutputs

    Raises
    ------
    InvalidSettingError
        If a layer is unknown.
    ShapeError, DataError
        If data or weights do not fit the network.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> outputs = layer_outputs(Sequential([Dense(4, activation="tanh"), Dense(1)]), np.zeros((3, 2)))
    >>> {name: array.shape for name, array in outputs.outputs.items()}
    {'dense_1': (3, 4), 'dense_2': (3, 1)}
    """
    subject = subject_of(network, X=X, weights=weights, state=state, seed=seed, owner="layer_outputs")
    buffers = {layer.name: layer.output for layer in layer_buffers(subject.program)}
    wanted = list(buffers) if layers is None else list(layers)
    for name in wanted:
        if name not in buffers:
            raise InvalidSettingError(phrase_unknown("a layer", name, buffers, owner="layer_outputs"))
    passes = run_passes(subject, batches_of(subject, X, None), training=training, dropout=False)
    return LayerOutputs({name: passes.buffers[buffers[name]] for name in wanted})
