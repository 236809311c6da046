"""Weights that no gradient can reach, because an activation in front of them is flat everywhere."""

from __future__ import annotations

from lamina.activations import ACTIVATIONS
from lamina.caller import warn_caller
from lamina.engine.program import Op, Program
from lamina.errors import first_of
from lamina.optimizers import Optimizer, PerturbationOptimizer
from lamina.training.training_warning import TrainingWarning

__all__ = ["layers_without_gradient", "warn_of_blocked_gradients"]

_SHOWN_LAYERS = 5


def warn_of_blocked_gradients(program: Program, optimizer: Optimizer) -> None:
    """Warn if an optimizer that follows gradients is to train weights that get none, whatever their values and the data are."""
    if isinstance(optimizer, PerturbationOptimizer) or not any(map(_is_flat, program.ops)):
        return
    idle, walls = layers_without_gradient(program)
    if not idle:
        return
    has_others = any(op.layer not in idle for op in program.ops for i in op.parameters if program.parameters[i].trainable)
    whose = first_of(list(map(repr, idle)), _SHOWN_LAYERS) if has_others else "any layer"
    where = first_of([repr(op.layer) for op in walls], _SHOWN_LAYERS)
    why = f"the derivative of {walls[0].function!r}, the activation in {where}, is 0 everywhere, so no gradient comes through"
    repair = "Use another activation, such as 'tanh', or an optimizer that needs no gradient: PerturbOne or PerturbAll."
    warn_caller(f"{type(optimizer).__name__} cannot train the weights of {whose}: {why}. {repair}", TrainingWarning)


def layers_without_gradient(program: Program) -> tuple[list[str], list[Op]]:
    """The layers with trainable parameters that no gradient of the outputs reaches, and the flat activations at which it ends.

    >>> from lamina import Dense, Sequential
    >>> layers_without_gradient(Sequential([Dense(3, activation="step"), Dense(1)], input_width=2).program())[0]
    ['dense_1']
    """
    reached, walls = _walk_back(program)
    missed = {i for i, parameter in enumerate(program.parameters) if parameter.trainable} - reached
    return list(dict.fromkeys(op.layer for op in program.ops if not missed.isdisjoint(op.parameters))), walls


def _walk_back(program: Program) -> tuple[set[int], list[Op]]:
    """The parameters that a gradient of the outputs reaches, and the flat activations at which it ends."""
    buffers, parameters, walls = set(program.outputs), set[int](), list[Op]()
    for op in reversed(program.ops):
        if op.output not in buffers:
            continue
        if _is_flat(op):
            walls.insert(0, op)
            continue
        buffers.update(op.inputs)
        parameters.update(op.parameters)
    return parameters, walls


def _is_flat(op: Op) -> bool:
    return op.kind == "activation" and ACTIVATIONS[op.function].is_flat
