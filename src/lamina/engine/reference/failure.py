"""Finds where a non-finite number first appeared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.plan import Failure
from lamina.engine.program import Program
from lamina.engine.reference.passes import Tape

__all__ = ["all_finite", "are_finite", "find_activation", "find_gradient", "find_loss", "find_statistics", "find_update"]


def all_finite(x: Array) -> bool:
    """Whether ``x`` contains neither NaN nor infinity."""
    return bool(are_finite(x))


def are_finite(x: Array) -> Array:
    """:func:`all_finite` as a scalar on the device of ``x``."""
    xp = array_namespace(x)
    return xp.all(xp.isfinite(x))


def find_activation(tape: Tape, step: int) -> Failure | None:
    """The first op in forward order whose output is not finite."""
    for call in tape.calls:
        if not all_finite(tape.buffers[call.op.output]):
            return Failure(step, call.op.layer, "activation")
    return None


def find_loss(program: Program, losses: Sequence[float], step: int) -> Failure:
    """The layer before the first head whose loss is not finite (the last head if only the penalty is not finite)."""
    broken = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(program.heads) - 1)
    logits = program.heads[broken].logits
    layers = [op.layer for op in program.ops if op.output == logits]
    return Failure(step, layers[-1] if layers else "input", "loss")


def find_gradient(program: Program, gradient: Array, step: int) -> Failure:
    """The first layer in backward order whose part of the flat ``gradient`` is not finite."""
    for op in reversed(program.ops):
        if not all(all_finite(gradient[program.parameters[p].slice]) for p in op.parameters):
            return Failure(step, op.layer, "gradient")
    return Failure(step, program.parameters[-1].layer, "gradient")


def find_statistics(tape: Tape, step: int) -> Failure | None:
    """The first op in forward order whose running statistics would not be finite."""
    for call in tape.calls:
        if not all(all_finite(observed) for observed in call.new_state):
            return Failure(step, call.op.layer, "running statistics")
    return None


def find_update(program: Program, parameters: Array, slots: Sequence[Array], step: int) -> Failure | None:
    """The first layer in forward order whose new weights are not finite, or else whose new slots are not."""
    vectors = [(parameters, "updated weights"), *((slot, "optimizer state") for slot in slots)]
    for vector, quantity in vectors:
        for op in program.ops:
            if not all(all_finite(vector[program.parameters[p].slice]) for p in op.parameters):
                return Failure(step, op.layer, quantity)
    return None
