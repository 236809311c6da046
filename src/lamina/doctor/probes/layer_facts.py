"""Facts about each layer at the first weights: how signals and gradients pass, and whether its units differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.activations import get_activation
from lamina.analysis.activation_statistics import activation_statistics
from lamina.analysis.symmetry import symmetry_of_program
from lamina.doctor.probes.beginning import Beginning
from lamina.engine.layer_buffers import UnitLayer, unit_layers
from lamina.engine.program import Op, Program

__all__ = ["LayerFacts", "layer_facts"]


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A dense layer with its normalization, activation and dropout; NaN where a quantity does not exist.

    Attributes
    ----------
    name : str
        The dense layer's name.
    activation : str
        The function of its units; "identity" without one, "prelu" for PReLU.
    saturates : bool
        Whether that function is flat on both sides.
    is_normalized : bool
        Whether batch or layer normalization acts on its units.
    is_output : bool
        Whether its units are an output of the network.
    fan_in, width : int
    weight_std : float
        Standard deviation of the weights.
    mean, variance, variance_kept, sum_variance, gradient_variance, gradient_kept, saturated, dead : float
        As in :class:`lamina.analysis.LayerStatistics`.
    distinct : int
        Units that differ, as in :func:`lamina.analysis.symmetry`.
    distinct_after_step : int
        Units that differ after one step along the gradient, without dropout. Units that are equal before and after the first
        step are equal for ever.
    """

    name: str
    activation: str
    saturates: bool
    is_normalized: bool
    is_output: bool
    fan_in: int
    width: int
    weight_std: float
    mean: float
    variance: float
    variance_kept: float
    sum_variance: float
    gradient_variance: float
    gradient_kept: float
    saturated: float
    dead: float
    distinct: int
    distinct_after_step: int


def layer_facts(beginning: Beginning) -> tuple[LayerFacts, ...]:
    """The layers in forward order.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.doctor.probes.beginning import beginning_of
    >>> from lamina.engine.plan import Batches
    >>> from lamina.initializers import Constant
    >>> X = np.random.default_rng(0).normal(size=(64, 3))
    >>> layers = [Dense(5, activation="tanh", weight_init=Constant(0.1)), Dense(1, weight_init=Constant(0.1))]
    >>> hidden, output = layer_facts(beginning_of(Trainer(Sequential(layers), "squared_error"), Batches([X], [X[:, :1]])))
    >>> hidden.distinct_after_step, output.is_output
    (1, True)
    """
    subject = beginning.subject
    program = subject.program
    statistics = {
        row.units_of: row
        for row in activation_statistics(beginning.trainer, beginning.x, beginning.y, **beginning.weights).judged
    }
    before = symmetry_of_program(program, subject.parameters)
    after = symmetry_of_program(program, _stepped(beginning))
    facts = []
    for unit in unit_layers(program):
        dense = next((op for op in unit.layers[0].ops if op.makes_sums), None)
        if dense is None:
            continue
        row, function = statistics[unit.name], _function(unit)
        weight = program.parameters[dense.parameters[0]]
        facts.append(
            LayerFacts(
                name=unit.name,
                activation=function,
                saturates=function != "prelu" and get_activation(function).saturates,
                is_normalized=any(op.kind in ("batch_norm", "layer_norm") for op in _ops(unit)),
                is_output=unit.output in program.outputs,
                fan_in=weight.shape[-2],
                width=weight.size // weight.shape[-2],
                weight_std=float(subject.parameters[weight.slice].std()),
                mean=row.mean,
                variance=row.variance,
                variance_kept=row.variance_kept,
                sum_variance=row.sum_variance,
                gradient_variance=row.gradient_variance,
                gradient_kept=row.gradient_kept,
                saturated=row.saturated,
                dead=row.dead,
                distinct=before[unit.name].distinct,
                distinct_after_step=after[unit.name].distinct,
            )
        )
    return tuple(facts)


def _ops(unit: UnitLayer) -> list[Op]:
    return [op for layer in unit.layers for op in layer.ops]


def _function(unit: UnitLayer) -> str:
    """The last function of the units."""
    named = [op.function or op.kind for op in _ops(unit) if op.is_activation]
    return named[-1] if named else "identity"


def _stepped(beginning: Beginning) -> np.ndarray:
    """The weights after one step along the gradient that moves each layer by about the size of its weights."""
    subject, program = beginning.subject, beginning.subject.program
    gradients = beginning.passes.d_parameters
    stepped = subject.parameters.copy()
    for op in program.ops:
        own = [i for i in op.parameters if i in gradients]
        steepest = max((float(np.abs(gradients[i]).max(initial=0.0)) for i in own), default=0.0)
        if steepest > 0.0 and np.isfinite(steepest):
            scale = _largest(op, program, subject.parameters) / steepest
            for i in own:
                stepped[program.parameters[i].slice] -= scale * np.ravel(gradients[i])
    return stepped


def _largest(op: Op, program: Program, parameters: np.ndarray) -> float:
    """The op's largest weight, 1 if all are 0."""
    return max(float(np.abs(parameters[program.parameters[i].slice]).max(initial=0.0)) for i in op.parameters) or 1.0
