"""Every quantity of one forward and one backward pass, in the lecture's notation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis.passes import Passes, batches_of, run_passes
from lamina.analysis.subject import Weights, subject_of
from lamina.data_frame import to_data_frame
from lamina.engine.layer_buffers import LayerBuffers, layer_buffers
from lamina.engine.program import Parameter
from lamina.errors import DataError, phrase
from lamina.html import Printed
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.text_table import text_table
from lamina.training import Trainer
from lamina.validation import check_parameters, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExplainedLayer", "ExplainedStep", "ExplainedWeight", "explain_step"]


@dataclass(frozen=True, eq=False, slots=True)
class ExplainedWeight:
    """A parameter before and after the step: new = old + change.

    Attributes
    ----------
    name : str
        Name of the parameter.
    old, change : ndarray of the parameter's shape
        The value before the step, and its change.
    """

    name: str
    old: np.ndarray
    change: np.ndarray

    @property
    def new(self) -> np.ndarray:
        """The parameter after the step."""
        new: np.ndarray = self.old + self.change
        return new


@dataclass(frozen=True, eq=False, slots=True)
class ExplainedLayer:
    """One layer of the step.

    Attributes
    ----------
    name : str
    inputs : ndarray of shape (in_features,)
        x, the inputs (concatenated if there are several senders).
    sums : ndarray of shape (units,)
        s = b + Σ x w, before the activation.
    outputs : ndarray of shape (units,)
        f(s).
    deltas : ndarray of shape (units,)
        δ = −∂L/∂s: at the output f′(s) (t − z) for the squared error, below it f′(s) Σ w δ.
    weights : tuple of ExplainedWeight
        With Δw = η δ x (and η δ for the bias).
    """

    name: str
    inputs: np.ndarray
    sums: np.ndarray
    outputs: np.ndarray
    deltas: np.ndarray
    weights: tuple[ExplainedWeight, ...]


@dataclass(frozen=True, eq=False, slots=True)
class ExplainedStep(Printed):
    """A step of online back propagation; see :func:`explain_step`.

    Attributes
    ----------
    learning_rate : float
        η.
    loss : float
        Loss of the example before the step.
    layers : tuple of ExplainedLayer
        In the order of the forward pass; ``step["dense_1"]`` gives one by name.
    parameters : ndarray of shape (num_parameters,)
        The new flat vector.
    """

    learning_rate: float
    loss: float
    layers: tuple[ExplainedLayer, ...]
    parameters: np.ndarray

    def __getitem__(self, name: str) -> ExplainedLayer:
        return {layer.name: layer for layer in self.layers}[name]

    def columns(self) -> dict[str, list[Any]]:
        """One entry per number: ``layer``, ``quantity``, ``index`` ("1" or "1, 2", counted from 1) and ``value``."""
        rows = [row for layer in self.layers for row in _rows(layer)]
        names = ("layer", "quantity", "index", "value")
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """:meth:`columns` as a pandas data frame."""
        return to_data_frame(self.columns(), "ExplainedStep")

    def __str__(self) -> str:
        head = f"loss {self.loss:.6g}, learning rate η = {self.learning_rate:g}"
        return f"{head}\n{text_table(self.columns())}"


def explain_step(
    network: Network | Trainer,
    x: Any,
    target: Any,
    loss: Losses | None = None,
    *,
    learning_rate: float = 0.1,
    weights: Weights = None,
    state: np.ndarray | None = None,
    seed: int = 0,
) -> ExplainedStep:
    """Compute every quantity of one step of back propagation on one example, by the rule Δw = η δ x.

    Parameters
    ----------
    network : Network or Trainer
        Any graph; for a 2-2-1 network the table fits on a slide.
    x : array of shape (in_features,) or (1, in_features), or a list or dict of arrays
        One example.
    target : number or array of shape (target width,)
        The target of the example.
    loss : loss, optional
        Required unless ``network`` is a trainer.
    learning_rate : float, default=0.1
        η, at least 0.
    weights : ndarray of shape (num_parameters,), or dict of arrays by name, optional
        Default: the trainer's, or those of ``network.initialize(seed)``.
    state : ndarray of shape (num_state,), optional
        Running statistics of batch normalization, which are used here because one example has no statistics. Dropout is off.
    seed : int, default=0
        Seed of the initial weights, if none are given.

    Returns
    -------
    ExplainedStep
        The step lowers the loss of the data; penalties, momentum and clipping are left out.

    Raises
    ------
    DataError
        If there is no loss, or ``x`` is not exactly one example.
    ShapeError, InvalidSettingError
        If data, weights or loss do not fit the network, or the learning rate is negative.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", 1986.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(1, activation="sigmoid", name="out")], input_width=2)
    >>> weights = {"out.weight": [[1.0], [-1.0]], "out.bias": [0.0]}
    >>> step = explain_step(network, [1.0, 1.0], 1.0, "squared_error", learning_rate=0.5, weights=weights)
    >>> print(step)
    loss 0.125, learning rate η = 0.5
    layer  quantity    index    value
    ---------------------------------
    out    x           1            1
    out    x           2            1
    out    s           1            0
    out    f(s)        1          0.5
    out    δ           1        0.125
    out    weight      1, 1         1
    out    weight      2, 1        -1
    out    Δ weight    1, 1    0.0625
    out    Δ weight    2, 1    0.0625
    out    new weight  1, 1     1.062
    out    new weight  2, 1   -0.9375
    out    bias        1            0
    out    Δ bias      1       0.0625
    out    new bias    1       0.0625
    """
    owner = "explain_step"
    check_parameters({"learning_rate": learning_rate}, {"learning_rate": number(0)}, owner=owner)
    X = _each(x, _as_row)
    subject = subject_of(network, X=X, loss=loss, weights=weights, state=state, seed=seed, needs_loss=True, owner=owner)
    data = batches_of(subject, X, _each(target, _as_row))
    if data.num_rows != 1:
        raise DataError(phrase("x", "must be one example", f"{data.num_rows} rows", owner=owner))
    passes = run_passes(subject, data, training=False)
    rates = [learning_rate * parameter.learning_rate_factor for parameter in passes.program.parameters]
    changes = {i: 0.0 - rates[i] * gradient for i, gradient in passes.d_parameters.items()}
    new = subject.parameters.copy()
    for i, change in changes.items():
        new[passes.program.parameters[i].slice] += np.ravel(change)
    old = subject.network.unflatten(subject.parameters)
    layers = tuple(_layer(layer, passes, old, changes) for layer in layer_buffers(passes.program))
    return ExplainedStep(float(learning_rate), passes.loss, layers, new)


def _each(data: Any, function: Any) -> Any:
    """Apply ``function`` to one array, or to each array of a dict or list of arrays."""
    if isinstance(data, Mapping):
        return {name: function(part) for name, part in data.items()}
    if isinstance(data, list | tuple) and data and all(np.ndim(part) > 0 for part in data):
        return [function(part) for part in data]
    return function(data)


def _as_row(part: Any) -> np.ndarray:
    array = np.asarray(part, dtype=np.float64)
    return array if array.ndim == 2 else array.reshape(1, -1)


def _layer(
    layer: LayerBuffers, passes: Passes, old: Mapping[str, np.ndarray], changes: Mapping[int, np.ndarray]
) -> ExplainedLayer:
    buffers = passes.buffers
    gradient = passes.d_buffers.get(layer.sums, np.zeros_like(buffers[layer.sums]))
    numbers = [i for op in layer.ops for i in op.parameters]
    parameters: list[tuple[int, Parameter]] = [(i, passes.program.parameters[i]) for i in numbers]
    return ExplainedLayer(
        layer.name,
        np.concatenate([buffers[b][0] for b in layer.inputs]),
        buffers[layer.sums][0],
        buffers[layer.output][0],
        0.0 - gradient[0],
        tuple(ExplainedWeight(p.name, old[p.name], changes.get(i, np.zeros(p.shape))) for i, p in parameters),
    )


def _rows(layer: ExplainedLayer) -> Iterator[tuple[str, str, str, float]]:
    quantities: list[tuple[str, np.ndarray]] = [
        ("x", layer.inputs),
        ("s", layer.sums),
        ("f(s)", layer.outputs),
        ("δ", layer.deltas),
    ]
    for weight in layer.weights:
        name = weight.name.rpartition(".")[2]
        quantities += [(name, weight.old), (f"Δ {name}", weight.change), (f"new {name}", weight.new)]
    for quantity, array in quantities:
        for index, value in np.ndenumerate(array):
            yield layer.name, quantity, ", ".join(str(i + 1) for i in index), float(value) + 0.0  # no -0
