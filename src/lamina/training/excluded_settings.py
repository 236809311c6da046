"""Checks for trainer settings that exclude each other whatever the network, and so are refused as soon as they are given."""

from __future__ import annotations

from collections.abc import Mapping

from lamina import optimizers
from lamina.engine.plan import Clipping
from lamina.errors import InvalidSettingError, phrase
from lamina.optimizers import LBFGS, Optimizer, PerturbationOptimizer, StepOptimizer
from lamina.schedules import Constant, Schedule

__all__ = ["changing", "check_excluded", "refuse"]

_REPAIR = "Leave it out, or choose an optimizer that takes steps, such as Adam."


def check_excluded(
    optimizer: Optimizer, clipping: Clipping, precision: str, schedules: Mapping[str, Schedule], *, owner: str = "Trainer"
) -> None:
    """Raise for settings that the optimizer does not follow.

    These are mixed precision, clipping and schedules of whatever kind with L-BFGS, mixed precision and the schedules of dropout
    and weight decay with weight perturbation, clipping without a gradient, and a schedule of a weight decay that is 0.

    Parameters
    ----------
    optimizer : Optimizer
    clipping : Clipping
    precision : {"full", "mixed"}
    schedules : dict of str to Schedule
        By the setting's name: "schedule", of the learning rate, "dropout_schedule" and "weight_decay_schedule".

    Raises
    ------
    InvalidSettingError
    """
    name = type(optimizer).__name__
    if precision == "mixed" and not isinstance(optimizer, StepOptimizer):
        rule = f"must be 'full' with {name}, which compares losses more finely than bfloat16 tells"
        repair = "Leave it out, or choose an optimizer that takes steps along gradients, such as Adam."
        raise InvalidSettingError(phrase("precision", rule, "mixed", repair=repair, owner=owner))
    changed = changing(schedules)
    if isinstance(optimizer, LBFGS):
        rule = "must be None with L-BFGS, whose line search chooses the step sizes"
        refuse({"clipping": clipping.is_bounded and clipping, **changed}, rule, owner)
    if isinstance(optimizer, PerturbationOptimizer):
        besides = {setting: schedule for setting, schedule in changed.items() if setting != "schedule"}
        refuse(besides, f"must be None with {name}, which has neither dropout nor decay", owner)
        if clipping.is_bounded and isinstance(optimizer, optimizers.PerturbOne):  # whose module nobody else needs
            rule, repair = "must be None with PerturbOne, which has no gradient", "Leave it out: its scale bounds a change."
            raise InvalidSettingError(phrase("clipping", rule, clipping, repair=repair, owner=owner))
    decay = changed.get("weight_decay_schedule")
    if decay is not None and decay.scales and isinstance(optimizer, StepOptimizer) and optimizer.weight_decay == 0:
        rule, repair = "must be None with a weight decay of 0", "Give the optimizer a weight_decay, or leave it out."
        raise InvalidSettingError(phrase("weight_decay_schedule", rule, decay, repair=repair, owner=owner))


def changing(given: Mapping[str, Schedule]) -> dict[str, Schedule]:
    """The schedules that change anything."""
    return {name: schedule for name, schedule in given.items() if not isinstance(schedule, Constant)}


def refuse(given: Mapping[str, object], rule: str, owner: str) -> None:
    """Raise for the first of these settings that is set."""
    for name, setting in given.items():
        if setting:
            raise InvalidSettingError(phrase(name, rule, setting, repair=_REPAIR, owner=owner))
