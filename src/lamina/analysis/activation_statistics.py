"""Activation statistics: what each layer's values, and the gradients that come back to it, look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.activations import Activation, get_activation
from lamina.analysis.layer_buffers import LayerBuffers, UnitLayer, layer_buffers, unit_layers
from lamina.analysis.passes import Passes, batches_of, run_passes
from lamina.analysis.subject import Weights, subject_of
from lamina.analysis.table import text_table
from lamina.data_frame import to_data_frame
from lamina.engine.program import Op
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.training import Trainer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ActivationStatistics", "LayerStatistics", "activation_statistics"]

#: A unit is flat where its derivative is at most this share of the function's greatest one.
FLAT = 0.05
_NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """One layer; all moments are over rows and units together. NaN where there is no such quantity.

    Normalizations, activations and dropout act on units that another layer makes. Such layers are judged together with it, in the
    row of the last of them: what counts is what leaves them all, over what enters the first, and the weighted sums as a
    normalization leaves them. The rows before have no ``variance_kept`` and no ``gradient_kept``.

    Attributes
    ----------
    layer : str
    units_of : str
        The layer that makes the units on which this one acts; its own name, if it makes them.
    width : int
    mean, variance : float
        Of the outputs.
    variance_kept : float
        ``variance`` over that of what enters the layer that makes the units. The rule of good first weights asks for 1, and for
        ``mean`` 0.
    sum_variance : float
        Variance of the weighted sums in front of the activation.
    gradient_variance : float
        Variance of the gradient of a row's own loss with respect to the weighted sums; in the last row of those that act on the
        same units, to the sums behind the normalization, if there is one.
    gradient_kept : float
        ``gradient_variance`` over that of the layers that read this one. The rule asks for 1.
    saturated : float
        Where the activation saturates: the share of values (row and unit) at which it is flat, that is, its derivative is at most
        5 % of its greatest.
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
class ActivationStatistics:
    """The layers in forward order, the inputs first; see :func:`activation_statistics`."""

    layers: tuple[LayerStatistics, ...]

    def __getitem__(self, name: str) -> LayerStatistics:
        return {row.layer: row for row in self.layers}[name]

    @property
    def judged(self) -> tuple[LayerStatistics, ...]:
        """The inputs and, of layers that act on the same units, the last."""
        return tuple({row.units_of: row for row in self.layers}.values())

    def columns(self) -> dict[str, list[Any]]:
        """Every attribute of :class:`LayerStatistics` as a list over the layers."""
        return {field.name: [getattr(row, field.name) for row in self.layers] for field in fields(LayerStatistics)}

    def to_frame(self) -> pd.DataFrame:
        """One row a layer, as a pandas data frame."""
        return to_data_frame(self.columns(), "ActivationStatistics")

    def __str__(self) -> str:
        columns = {name.replace("_", " "): values for name, values in self.columns().items()}
        rule = "The rule asks for mean 0, variance kept 1 and, backwards, gradient kept 1 (Glorot & Bengio 2010)."
        if len(self.judged) < len(self.layers):
            rule += "\nLayers that act on the same units are judged together, in the row of the last of them, at the sums as a"
            rule += " normalization leaves them."
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
    """Per layer: mean and variance of the outputs, variance of the back-propagated gradient, saturated and dead units.

    Works on any network, before training or after it, through one forward and one backward pass over ``X`` as one batch.

    Parameters
    ----------
    network : Network or Trainer
        A trainer brings its loss and its present weights.
    X : array of shape (n, width), or a list or dict of such
        A few hundred rows are enough.
    y : array, optional
        Targets as the loss wants them. Without them there are no gradients.
    loss : loss, optional
        Needed with ``y`` unless ``network`` is a trainer.
    weights : ndarray of shape (num_parameters,) or dict of arrays, optional
        Default: the trainer's, or ``network.initialize(seed)``'s.
    state : ndarray of shape (num_state,), optional
        Running statistics of batch normalization, as ``weights``.
    seed : int, default=0
        Of the first weights, where none are given.
    training : bool, default=True
        Whether batch normalization uses the batch's own statistics, as in a training step; otherwise the running ones.
        Dropout is always off.

    Returns
    -------
    ActivationStatistics

    Raises
    ------
    DataError
        If ``y`` comes without a loss, or the data are not finite.
    ShapeError, InvalidSettingError
        If data, weights or loss do not fit the network.

    References
    ----------
    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, section 4.

    Examples
    --------
    Ten layers of tanh: weights of N(0, 0.01²) make signals vanish, Xavier's keep them.

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
    """The row of a layer; ``readers`` of its units are given for the last of those that act on them, which is judged."""
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
    """Of d L_i / d sum for each row's own loss L_i: the passes' gradient is that of the mean over rows."""
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
    flat = np.abs(function.derivative(buffers[op.inputs[0]])) <= FLAT * _steepest(function)
    return float(flat.mean()) if function.saturates else _NOTHING, float(flat.all(axis=0).mean())


def _steepest(function: Activation) -> float:
    """The greatest |f'|, looked for on [-12, 12]; two opposite columns serve softmax, whose row they are, as well."""
    z = np.linspace(-12.0, 12.0, 4801)
    return float(np.abs(function.derivative(np.stack([z, -z], axis=1))).max())
