"""Activation statistics: moments of each layer's values and of the gradients that reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.activations import get_activation
from lamina.analysis.passes import Passes, batches_of, run_passes
from lamina.analysis.subject import Weights, subject_of
from lamina.data_frame import to_data_frame
from lamina.engine.layer_buffers import LayerBuffers, UnitLayer, layer_buffers, unit_layers
from lamina.engine.probe import FLAT, steepest
from lamina.engine.program import Op
from lamina.html import Printed
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.text_table import text_table
from lamina.training import Trainer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ActivationStatistics", "LayerStatistics", "activation_statistics"]

_NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """Statistics of one layer; all moments are over rows and units together. NaN if a quantity does not exist.

    Normalization, activation and dropout layers act on units created by another layer. They are judged together with that layer,
    in the row of the last of them: by the variance of the last output relative to the first input, and by the weighted sums after
    normalization. The rows before it have no ``variance_kept`` and no ``gradient_kept``.

    Attributes
    ----------
    layer : str
        Name of the layer.
    units_of : str
        The layer that creates the units on which this one acts; its own name if it creates them.
    width : int
        Number of units.
    mean, variance : float
        Moments of the outputs.
    variance_kept : float
        ``variance`` relative to the variance of the inputs of the layer that creates the units. Good initial weights give 1, and
        a ``mean`` of 0.
    sum_variance : float
        Variance of the weighted sums before the activation.
    gradient_variance : float
        Variance of the gradient of each row's own loss with respect to the weighted sums; in the last row of those that act on
        the same units, with respect to the sums after normalization, if any.
    gradient_kept : float
        ``gradient_variance`` relative to that of the layers that read this one. Good initial weights give 1.
    saturated : float
        For activations that saturate: the share of values (row and unit) at which the activation is flat, that is, its derivative
        is at most 5 % of its largest.
    dead : float
        The share of units at which the activation is flat in every row.
    """

    layer: str
    units_of: str
    width: int
    mean: float
    variance: float
    variance_kept: float
    sum_variance: float
    gradient_variance: float
    gradient_kept: float
    saturated: float
    dead: float


@dataclass(frozen=True, slots=True)
class ActivationStatistics(Printed):
    """The layers in forward order, the inputs first; see :func:`activation_statistics`."""

    layers: tuple[LayerStatistics, ...]

    def __getitem__(self, name: str) -> LayerStatistics:
        return {row.layer: row for row in self.layers}[name]

    @property
    def judged(self) -> tuple[LayerStatistics, ...]:
        """The inputs and the last of each group of layers that act on the same units."""
        return tuple({row.units_of: row for row in self.layers}.values())

    def columns(self) -> dict[str, list[Any]]:
        """Every attribute of :class:`LayerStatistics` as a list over the layers."""
        return {field.name: [getattr(row, field.name) for row in self.layers] for field in fields(LayerStatistics)}

    def to_frame(self) -> pd.DataFrame:
        """One row per layer, as a pandas data frame."""
        return to_data_frame(self.columns(), "ActivationStatistics")

    def __str__(self) -> str:
        columns = {name.replace("_", " "): values for name, values in self.columns().items()}
        rule = "Ideal values: mean 0, variance kept 1 and, backward, gradient kept 1 (Glorot & Bengio 2010)."
        if len(self.judged) < len(self.layers):
            rule += "\nLayers that act on the same units are judged together, in the row of the last of them, at the sums after"
            rule += " normalization."
        return f"{text_table(columns)}\n{rule}"


def activation_statistics(
    network: Network | Trainer,
    X: Any,
    y: Any = None,
    loss: Losses | None = None,
    *,
    weights: Weights = None,
    state: np.ndarray | None = None,
    seed: int = 0,
    training: bool = True,
) -> ActivationStatistics:
    """Measure each layer: mean and variance of outputs, variance of back-propagated gradients, saturated and dead units.

    Works on any network, before or after training, with one forward and one backward pass over ``X`` as one batch.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its loss and its current weights.
    X : array of shape (n, width), or a list or dict of arrays
        A few hundred rows are enough.
    y : array, optional
        Targets in the form that the loss expects. Without them there are no gradients.
    loss : loss, optional
        Required with ``y`` unless ``network`` is a trainer.
    weights : ndarray of shape (num_parameters,) or dict of arrays, optional
        Default: the trainer's, or those of ``network.initialize(seed)``.
    state : ndarray of shape (num_state,), optional
        Running statistics of batch normalization; same default as ``weights``.
    seed : int, default=0
        Seed of the initial weights, if none are given.
    training : bool, default=True
        Whether batch normalization uses the batch's own statistics, as in a training step, or the running ones.
        Dropout is always off.

    Returns
    -------
    ActivationStatistics

    Raises
    ------
    DataError
        If ``y`` is given without a loss, or the data are not finite.
    ShapeError, InvalidSettingError
        If data, weights or loss do not fit the network.

    References
    ----------
    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, section 4.

    Examples
    --------
    Ten tanh layers: N(0, 0.01²) weights make signals vanish, Xavier initialization keeps them.

    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> from lamina.initializers import Normal
    >>> X = np.random.default_rng(0).normal(size=(200, 100))
    >>> for init in (Normal(0.01), "xavier"):
    ...     layers = [Dense(100, activation="tanh", weight_init=init) for _ in range(10)]
    ...     statistics = activation_statistics(Sequential(layers), X)
    ...     print(f"{statistics['dense_10'].variance:.0e}")
    8e-21
    5e-02
    """
    owner = "activation_statistics"
    needs_loss = y is not None
    subject = subject_of(network, X=X, loss=loss, weights=weights, state=state, seed=seed, needs_loss=needs_loss, owner=owner)
    passes = run_passes(subject, batches_of(subject, X, y), training=training, dropout=False)
    with np.errstate(all="ignore"):
        return ActivationStatistics((*_inputs(subject.network, passes), *_layers(passes)))


def _inputs(network: Network, passes: Passes) -> list[LayerStatistics]:
    rows = []
    for name, buffer in zip(network.input_names, passes.program.inputs, strict=True):
        x = _dense(passes.buffers[buffer])
        rows.append(LayerStatistics(name, name, x.shape[1], float(x.mean()), float(x.var()), *[_NOTHING] * 6))
    return rows


def _layers(passes: Passes) -> list[LayerStatistics]:
    units = unit_layers(passes.program)
    unit_of = {layer.name: unit for unit in units for layer in unit.layers}
    readers = {unit.output: [other for other in units if unit.output in other.inputs] for unit in units}
    rows = []
    for layer in layer_buffers(passes.program):
        unit = unit_of[layer.name]
        last = layer.output == unit.output
        rows.append(_layer(layer, unit, readers[unit.output] if last else None, passes))
    return rows


def _layer(layer: LayerBuffers, unit: UnitLayer, readers: Sequence[UnitLayer] | None, passes: Passes) -> LayerStatistics:
    """The row of a layer; ``readers`` are given only for the last layer that acts on the unit, which is the judged one."""
    buffers, activation = passes.buffers, layer.activation
    output = buffers[layer.output]
    sums = layer.sums if activation is None else activation.inputs[0]
    kept, gradient, gradient_kept = _NOTHING, _gradient_variance(sums, passes), _NOTHING
    if readers is not None:
        before = _pooled([(passes.program.widths[b], float(_dense(buffers[b]).var())) for b in unit.inputs])
        behind = _pooled([(passes.program.widths[r.sums], _gradient_variance(r.sums, passes)) for r in readers])
        gradient = _gradient_variance(unit.sums, passes)
        kept, gradient_kept = _ratio(float(output.var()), before), _ratio(gradient, behind)
    return LayerStatistics(
        layer.name,
        unit.name,
        output.shape[1],
        float(output.mean()),
        float(output.var()),
        kept,
        float(_dense(buffers[sums]).var()),
        gradient,
        gradient_kept,
        *_flatness(activation, buffers),
    )


def _dense(array: Any) -> np.ndarray:
    dense: np.ndarray = array.toarray() if hasattr(array, "toarray") else array
    return dense


def _gradient_variance(sums: int, passes: Passes) -> float:
    """Variance of d L_i / d sum for each row's own loss L_i; the gradient of ``passes`` is that of the mean over rows."""
    gradient = passes.d_buffers.get(sums)
    return _NOTHING if gradient is None else float((gradient * passes.num_rows).var())


def _pooled(parts: Sequence[tuple[int, float]]) -> float:
    """The mean of variances, weighted by widths."""
    known = [(width, variance) for width, variance in parts if not np.isnan(variance)]
    return sum(width * variance for width, variance in known) / sum(width for width, _ in known) if known else _NOTHING


def _ratio(numerator: float, denominator: float) -> float:
    return float(np.divide(numerator, denominator)) if denominator else _NOTHING


def _flatness(op: Op | None, buffers: Mapping[int, np.ndarray]) -> tuple[float, float]:
    """The shares ``saturated`` and ``dead`` of an activation."""
    if op is None:
        return _NOTHING, _NOTHING
    known = get_activation(op.function)
    function = get_activation(op.function, **dict(zip(known.settings, op.settings, strict=True)))
    z = buffers[op.inputs[0]]
    slope = function.derivative(z.reshape(len(z) * op.copies, -1)).reshape(z.shape)
    flat = np.abs(slope) <= FLAT * steepest(op.function, op.settings)
    return float(flat.mean()) if function.saturates else _NOTHING, float(flat.all(axis=0).mean())
