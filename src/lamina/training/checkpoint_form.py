"""The form of a checkpoint that a given trainer can continue from.

It mirrors what :meth:`lamina.training.Trainer.save_checkpoint` writes: whatever is added there must be added here too. The state
of a built-in callback is a row of :data:`_CALLBACKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.engine.executor import Probe
from lamina.engine.layer_buffers import unit_widths
from lamina.engine.probe import EDGES
from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, phrase
from lamina.forms import ANYTHING, COMPARABLE, COUNT, REAL, TEXT, ArrayOf, AtLeast, Entries, Form, Maybe, like
from lamina.optimizers import LBFGS, StepOptimizer
from lamina.stop_reason import STOP_CODES
from lamina.training.callbacks import AveragedWeights, EarlyStopping, LearningRate, Monitor
from lamina.training.callbacks.callback import Callback
from lamina.validation import Rule, boolean, choice, integer, number, value

if TYPE_CHECKING:
    from lamina.schedules import ReactiveSchedule, Schedule
    from lamina.training.settings import TrainerSettings

__all__ = ["IDENTITY", "PLAIN", "check_statistics", "checkpoint_form"]


def _is_plain(given: object) -> bool:
    if isinstance(given, dict | list):
        return all(map(_is_plain, given.values() if isinstance(given, dict) else given))
    return not isinstance(given, np.ndarray)


PLAIN = Rule("free of arrays", _is_plain)
IDENTITY: Form = AtLeast({"network": AtLeast({"inputs": [AtLeast({"width": integer(1)})]})})
"""The part of an identity that must be known before it is compared with the trainer's, key by key."""

_NOTHING = value(None)


def checkpoint_form(settings: TrainerSettings, callbacks: Sequence[Callback], schedule: Schedule, program: Program) -> Form:
    """The form of the checkpoints that a trainer can load.

    Parameters
    ----------
    settings, callbacks, schedule
        Those of the trainer, with the schedule in use.
    program : Program
        The network's program, which gives the sizes of the arrays.
    """
    optimizer, dtype = settings.optimizer, np.dtype(settings.dtype)
    num_slots = optimizer.rule().num_slots if isinstance(optimizer, StepOptimizer) else 0
    weights: dict[str, Form] = {
        "parameters": ArrayOf((program.num_parameters,), dtype),
        "state": ArrayOf((program.num_state,), dtype),
    }
    return {
        "identity": ANYTHING,  # compared with the trainer's identity elsewhere
        "fit": {
            "is_open": boolean(),
            "first_epoch": COUNT,
            "data": Maybe(TEXT),
            "num_rows": Maybe(COUNT),
            "begun": Maybe(_begun(len(settings.network.output_names))),
            "first": Maybe(weights),
            "best": _best(weights),
        },
        "full_batch": Maybe(_full_batch(program.num_parameters)) if isinstance(optimizer, LBFGS) else _NOTHING,
        "callbacks": tuple(_callback(callback, weights, program) for callback in callbacks),
        "epoch": COUNT,
        "step": COUNT,
        "stop_reason": Maybe((choice(STOP_CODES), TEXT)),
        "history": [AtLeast({"epoch": COUNT, "step": COUNT, "loss": REAL})],
        # The state of the schedule in use, which may have come from a callback.
        "schedule": Maybe(Entries(ANYTHING) if schedule.reactive is None else _reactive(schedule.reactive)),
        **weights,
        "slots": ArrayOf((num_slots, program.num_parameters), dtype),
    }


def check_statistics(program: Program, state: np.ndarray) -> None:
    """Raise if a running variance is negative."""
    for part in program.state:
        if part.name.endswith("variance") and (state[part.slice] < 0).any():
            raise InvalidSettingError(phrase(part.name, "must not be negative", float(state[part.slice].min())))


def _best(weights: dict[str, Form]) -> Form:
    """The state of :class:`~lamina.training.best_weights.BestWeights`: a number, and the weights of up to two epochs."""
    return {"value": COMPARABLE, "weights": [weights]}


def _begun(num_outputs: int) -> Form:
    """The state of an :class:`~lamina.training.epoch.Epoch`."""
    numbers: dict[str, Form] = {"steps": COUNT, "clipped": COUNT, "kept": Maybe(COUNT)}
    return {
        **numbers,
        **dict.fromkeys(("losses", "norms", "objectives", "batch_weights"), Maybe(_numbers())),
        "head_losses": Maybe(_numbers(num_outputs)),
    }


def _full_batch(num_parameters: int) -> Form:
    """The state of :class:`~lamina.descent.quasi_newton.QuasiNewton`."""
    point, pairs = (ArrayOf(shape, np.dtype(np.float64)) for shape in ((num_parameters,), (None, 2, num_parameters)))
    numbers = {"value": COMPARABLE, "value_before": COMPARABLE, "num_iterations": COUNT, "num_evaluations": COUNT}
    return {"point": point, "gradient": point, "pairs": pairs, **numbers}


def _reactive(schedule: ReactiveSchedule) -> Form:
    """The state of a reactive schedule."""
    form = like(schedule.state())
    return {**form, "factor": number(0, 1)} if isinstance(form, dict) else form


def _early_stopping(callback: Any, weights: dict[str, Form], program: Program) -> Form:
    numbers: dict[str, Form] = {"best_epoch": COUNT, "lowest": COMPARABLE, "running": boolean()}
    return {**numbers, "patience": {"best": COMPARABLE, "count": COUNT}, "weights": _best(weights)}


def _averaged_weights(callback: Any, weights: dict[str, Form], program: Program) -> Form:
    numbers: dict[str, Form] = {"begins_after": COUNT, "count": COUNT, "best_epoch": COUNT, "running": boolean()}
    return {**numbers, "average": Maybe(weights), "best": _best(weights)}


def _monitor(callback: Any, weights: dict[str, Form], program: Program) -> Form:
    widths = unit_widths(program)
    of_layers: dict[str, Form] = dict.fromkeys(Probe._fields, _numbers(len(widths)))
    begun: dict[str, Form] = {
        "steps": {
            **dict.fromkeys(("num_rows", "weight_sums", "losses"), _numbers()),
            "flat_units": ArrayOf((None, sum(widths)), np.dtype(bool)),
        },
        "found": {**of_layers, "histogram": _numbers(len(widths), len(EDGES) - 1)},
        "changes": _numbers(len(widths)),
    }
    clipped: dict[str, Form] = {"steps": COUNT, "factors": COMPARABLE}
    # the record checks itself
    return {"interval": COUNT, "record": Entries(ANYTHING), "begun": Maybe(begun), "clipped": clipped}


def _numbers(*shape: int) -> Form:
    """Numbers of any steps."""
    return ArrayOf((None, *shape), np.dtype(np.float64), finite=False)


def _learning_rate(callback: Any, weights: dict[str, Form], program: Program) -> Form:
    reactive = callback.schedule.reactive
    return {"schedule": _reactive(reactive)} if reactive else {}


# The states of built-in callbacks; those that are not listed have none.
_CALLBACKS: dict[type[Callback], Callable[[Any, dict[str, Form], Program], Form]] = {
    EarlyStopping: _early_stopping,
    AveragedWeights: _averaged_weights,
    Monitor: _monitor,
    LearningRate: _learning_rate,
}


def _callback(callback: Callback, weights: dict[str, Form], program: Program) -> Form:
    """The form of a callback's state; a custom callback may store anything, and checks it itself when it loads."""
    form = _CALLBACKS.get(type(callback))
    return Entries(ANYTHING) if form is None else form(callback, weights, program)
