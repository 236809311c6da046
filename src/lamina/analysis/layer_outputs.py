"""Layer outputs: all output values of each layer, for densities and custom statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.passes import batches_of, run_passes
from lamina.analysis.subject import Weights, subject_of
from lamina.engine.layer_buffers import layer_buffers
from lamina.errors import InvalidSettingError, phrase_unknown
from lamina.network import Network
from lamina.text_table import text_table
from lamina.training import Trainer
from lamina.validation import check_parameters, integer, one_of, value

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
    seed: int | None = None,
    training: bool = False,
    step: int = 0,
) -> LayerOutputs:
    """Compute the outputs of each layer for the rows of ``X``, in float64.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its current weights.
    X : array of shape (n, width), or a list or dict of arrays
    layers : sequence of str, optional
        Names of the layers; default: all.
    weights, state
        As in :func:`lamina.analysis.activation_statistics`.
    seed : int, optional
        Seed of the initial weights of a network, and of the dropout masks. Default: the trainer's, or 0.
    training : bool, default=False
        As in a step of training, with ``X`` as the batch: dropout is on, and batch normalization uses the batch's own
        statistics. Otherwise dropout is off, and the running statistics are used. Nothing changes in the trainer.
    step : int, default=0
        The step of the training whose dropout masks are drawn. Each step has its own; a trainer's next one is ``trainer.step``.

    Returns
    -------
    LayerOutputs

    Raises
    ------
    InvalidSettingError
        If a layer is unknown, or ``seed`` or ``step`` is no integer >= 0.
    ShapeError, DataError
        If data or weights do not fit the network.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> outputs = layer_outputs(Sequential([Dense(4, activation="tanh"), Dense(1)]), np.zeros((3, 2)))
    >>> {name: array.shape for name, array in outputs.outputs.items()}
    {'dense_1': (3, 4), 'dense_2': (3, 1)}

    The units that dropout silenced are 0, and those that it kept are scaled by 1 / (1 − rate):

    >>> from lamina import Dropout
    >>> layer_outputs(Sequential([Dropout(0.5)]), np.ones((2, 6)), training=True)["dropout_1"]
    array([[2., 2., 2., 2., 2., 0.],
           [2., 2., 2., 0., 0., 2.]])
    """
    owner = "layer_outputs"
    check_parameters({"seed": seed, "step": step}, {"seed": one_of(value(None), integer(0)), "step": integer(0)}, owner=owner)
    if seed is None:
        seed = network.seed if isinstance(network, Trainer) else 0
    subject = subject_of(network, X=X, weights=weights, state=state, seed=seed, owner=owner)
    buffers = {layer.name: layer.output for layer in layer_buffers(subject.program)}
    wanted = list(buffers) if layers is None else list(layers)
    for name in wanted:
        if name not in buffers:
            raise InvalidSettingError(phrase_unknown("a layer", name, buffers, owner=owner))
    passes = run_passes(subject, batches_of(subject, X, None), training=training, seed=seed, step=step)
    return LayerOutputs({name: passes.buffers[buffers[name]] for name in wanted})
