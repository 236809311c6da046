"""One forward and one backward pass of which everything is kept: the reference engine's own, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.subject import Subject
from lamina.engine.plan import Batches
from lamina.engine.program import Program
from lamina.engine.reference.objective import head_gradients, head_losses
from lamina.engine.reference.passes import Mode, Tape, run_backward, run_forward, unflatten
from lamina.engine.reference.rows import gather
from lamina.losses import CustomLoss
from lamina.training.batches import make_batches, make_inputs

__all__ = ["Passes", "batches_of", "run_passes"]


@dataclass(frozen=True, eq=False, slots=True)
class Passes:
    """What two passes over a batch left behind; the gradients are those of the mean loss, without penalties.

    ``loss`` is NaN, and ``d_buffers`` and ``d_parameters`` are empty, where there was no target.
    """

    program: Program
    tape: Tape
    num_rows: int
    loss: float
    d_buffers: Mapping[int, np.ndarray]
    d_parameters: Mapping[int, np.ndarray]


def batches_of(subject: Subject, X: Any, y: Any) -> Batches:
    """The data as the engine wants them, checked; ``y`` None gives no targets."""
    network, dtype = subject.network, np.dtype(np.float64)
    if y is None:
        return Batches(make_inputs(X, subject.program, dtype, network.input_names))
    losses = subject.losses or ()
    return make_batches(X, y, None, subject.program, losses, dtype, network.input_names, network.output_names)


def run_passes(subject: Subject, data: Batches, *, training: bool = True, dropout: bool = True) -> Passes:
    """Both passes over all rows of ``data`` as one batch; only the forward one where there are no targets.

    ``training``: batch normalization by the batch's own statistics, and dropout if ``dropout``.
    """
    program = subject.program
    num_dropouts = sum(op.kind == "dropout" for op in program.ops)
    mode = Mode(training, dropout_rates=None if dropout else [0.0] * num_dropouts)
    every = np.arange(data.num_rows)
    inputs = [gather(array, every, subject.parameters) for array in data.inputs]
    parameters = unflatten(subject.parameters, program.parameters, np)
    state = unflatten(subject.state, program.state, np)
    with np.errstate(all="ignore"):  # an explosion is a finding here, not an accident
        tape = run_forward(program, inputs, parameters, state, mode, np)
        if not data.targets:
            return Passes(program, tape, data.num_rows, float("nan"), {}, {})
        loss, d_logits = _loss_and_gradients(subject, tape, data)
        d_buffers: dict[int, np.ndarray] = {}
        d_parameters = run_backward(tape, d_logits, d_buffers)
    return Passes(program, tape, data.num_rows, loss, d_buffers, d_parameters)


def _loss_and_gradients(subject: Subject, tape: Tape, data: Batches) -> tuple[float, list[tuple[int, np.ndarray]]]:
    """The mean loss, and its gradient with respect to each output's logits."""
    heads, n = subject.program.heads, data.num_rows
    assert subject.losses is not None
    loss, d_logits = 0.0, []
    for head, description, target in zip(heads, subject.losses, data.targets, strict=True):
        if isinstance(description, CustomLoss):
            values, gradient = description.value_and_gradient(tape.buffers[head.logits], target)
            loss += head.weight * float(values.mean())
            d_logits.append((head.logits, head.weight / n * gradient))
        else:
            loss += head.weight * head_losses([head], tape.buffers, [target], None)[0] / n
            d_logits += head_gradients([head], tape.buffers, [target], None, float(n))
    return loss, d_logits
