"""What a checkpoint must hold so that a given trainer can go on from it: the one place that says so.

It mirrors what :meth:`lamina.training.Trainer.save_checkpoint` writes. What is added there is added here, at its place; what a
callback of Lamina's own remembers is a row of :data:`_CALLBACKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, phrase
from lamina.forms import ANYTHING, COMPARABLE, COUNT, REAL, TEXT, ArrayOf, AtLeast, Entries, Form, Maybe, like
from lamina.optimizers import LBFGS, StepOptimizer
from lamina.stop_reason import STOP_CODES
from lamina.training.callbacks import EarlyStopping, LearningRate
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
"""As much of an identity as must be known before it is compared with the trainer's own, key by key."""

_NOTHING = value(None)


def checkpoint_form(settings: TrainerSettings, callbacks: Sequence[Callback], schedule: Schedule, program: Program) -> Form:
    """The form of the checkpoints that a trainer can load.

    Parameters
    ----------
    settings, callbacks, schedule
        The trainer's, with the schedule that is in place.
    program : Program
        Of its network, whose arrays have these sizes.
    """
    optimizer, dtype = settings.optimizer, np.dtype(settings.dtype)
    num_slots = optimizer.rule().num_slots if isinstance(optimizer, StepOptimizer) else 0
    weights: dict[str, Form] = {
        "parameters": ArrayOf((program.num_parameters,), dtype),
        "state": ArrayOf((program.num_state,), dtype),
    }
    return {
        "identity": ANYTHING,  # compared with the trainer's own
        "fit": {
            "is_open": boolean(),
            "first_epoch": COUNT,
            "data": Maybe(TEXT),
            "first": Maybe(weights),
            "best": _best(weights),
        },
        "full_batch": Maybe(_full_batch(program.num_parameters)) if isinstance(optimizer, LBFGS) else _NOTHING,
        "callbacks": tuple(_callback(callback, weights) for callback in callbacks),
        "epoch": COUNT,
        "step": COUNT,
        "stop_reason": Maybe((choice(STOP_CODES), TEXT)),
        "history": [AtLeast({"epoch": COUNT, "step": COUNT, "loss": REAL})],
        # Of the schedule that was in place, which may have been a callback's.
        "schedule": Maybe(Entries(ANYTHING) if schedule.reactive is None else _reactive(schedule.reactive)),
        **weights,
        "slots": ArrayOf((num_slots, program.num_parameters), dtype),
    }


def check_statistics(program: Program, state: np.ndarray) -> None:
    """Refuse running variances below 0."""
    for part in program.state:
        if part.name.endswith("variance") and (state[part.slice] < 0).any():
            raise InvalidSettingError(phrase(part.name, "must not be negative", float(state[part.slice].min())))


def _best(weights: dict[str, Form]) -> Form:
    """What :class:`~lamina.training.best_weights.BestWeights` remembers: a number, and up to two epochs' weights."""
    return {"value": COMPARABLE, "weights": [weights]}


def _full_batch(num_parameters: int) -> Form:
    """What :class:`~lamina.descent.quasi_newton.QuasiNewton` remembers."""
    point, pairs = (ArrayOf(shape, np.dtype(np.float64)) for shape in ((num_parameters,), (None, 2, num_parameters)))
    numbers = {"value": COMPARABLE, "value_before": COMPARABLE, "num_iterations": COUNT, "num_evaluations": COUNT}
    return {"point": point, "gradient": point, "pairs": pairs, **numbers}


def _reactive(schedule: ReactiveSchedule) -> Form:
    """What a schedule that watches the training remembers."""
    form = like(schedule.state())
    return {**form, "factor": number(0, 1)} if isinstance(form, dict) else form


def _early_stopping(callback: Any, weights: dict[str, Form]) -> Form:
    numbers: dict[str, Form] = {"best_epoch": COUNT, "lowest": COMPARABLE, "running": boolean()}
    return {**numbers, "patience": {"best": COMPARABLE, "count": COUNT}, "weights": _best(weights)}


# What a callback of Lamina's own remembers; the others remember nothing.
_CALLBACKS: dict[type[Callback], Callable[[Any, dict[str, Form]], Form]] = {
    EarlyStopping: _early_stopping,
    LearningRate: lambda callback, weights: {"schedule": _reactive(reactive)} if (reactive := callback.schedule.reactive) else {},
}


def _callback(callback: Callback, weights: dict[str, Form]) -> Form:
    """The form of a callback's memory; a user's own knows best what to make of it, and is asked when it loads."""
    form = _CALLBACKS.get(type(callback))
    return Entries(ANYTHING) if form is None else form(callback, weights)
