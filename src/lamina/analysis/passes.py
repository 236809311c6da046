"""One forward and one backward pass in float64 that keep all values and gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.subject import Subject
from lamina.engine import make_executor
from lamina.engine.executor import Observation
from lamina.engine.plan import Batches, TrainingPlan
from lamina.engine.program import Program
from lamina.losses.as_functions import as_functions
from lamina.optimizers import GradientDescent
from lamina.training.batches import make_batches, make_inputs
from lamina.training.steppers.mean_custom_loss import MeanCustomLoss

__all__ = ["Passes", "batches_of", "run_passes"]


@dataclass(frozen=True, eq=False, slots=True)
class Passes:
    """Values and gradients of two passes over a batch; the gradients are those of the mean loss, without penalties.

    ``buffers`` and ``d_buffers`` are indexed by buffer, ``d_parameters`` by parameter number. Without targets, ``loss`` is NaN
    and ``d_buffers`` and ``d_parameters`` are empty.
    """

    program: Program
    buffers: Mapping[int, np.ndarray]
    num_rows: int
    loss: float
    d_buffers: Mapping[int, np.ndarray]
    d_parameters: Mapping[int, np.ndarray]


def batches_of(subject: Subject, X: Any, y: Any) -> Batches:
    """The data, checked and in the engine's form; without targets if ``y`` is None."""
    network, dtype = subject.network, np.dtype(np.float64)
    if y is None:
        return Batches(make_inputs(X, subject.program, dtype, network.input_names))
    losses = subject.losses or ()
    return make_batches(X, y, None, subject.program, losses, dtype, network.input_names, network.output_names)


def run_passes(
    subject: Subject, data: Batches, *, training: bool = True, dropout: bool = True, seed: int = 0, step: int = 0
) -> Passes:
    """Run both passes over all rows of ``data`` as one batch, on the reference engine; only the forward pass without targets.

    With ``training``, batch normalization uses the batch's own statistics, and dropout (of codes, too) is on if ``dropout``, with
    the masks of ``step`` in a training of ``seed``.
    """
    program = subject.program
    executor = make_executor(program, dtype="float64", engine="reference")
    executor.configure(TrainingPlan(GradientDescent().rule(), seed=seed))
    executor.restore(subject.parameters, subject.state)
    rates = None if dropout else [0.0] * len(program.mask_rates)
    custom = as_functions(subject.losses or (), program.members) if data.targets else []
    own = MeanCustomLoss(program.heads, custom, data) if custom else None
    found = executor.observe(data, training=training, step=step, dropout_rates=rates, d_outputs=own)
    loss = float("nan") if found.gradient is None else float(found.gradient.losses.sum()) if own is None else own.value
    return Passes(program, found.values, data.num_rows, loss, found.d_values, _by_parameter(program, found))


def _by_parameter(program: Program, found: Observation) -> dict[int, np.ndarray]:
    """The gradient of each parameter that the loss depends on."""
    if found.gradient is None:
        return {}
    reached = sorted({i for op in program.ops if op.output in found.d_values for i in op.parameters})
    return {i: found.gradient.vector[program.parameters[i].slice].reshape(program.parameters[i].shape) for i in reached}
