"""The schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina import schedules
from lamina.errors import InvalidSettingError, phrase
from lamina.lazy import LazyRegistry, exported_classes
from lamina.schedules.constant import Constant
from lamina.schedules.schedule import Schedule
from lamina.settings import from_name_or_dict

__all__ = ["SCHEDULES", "STEP_SCHEDULES", "get_schedule", "get_step_schedule"]

SCHEDULES: Mapping[str, type[Schedule]] = LazyRegistry(
    "lamina.schedules", exported_classes("lamina.schedules", besides="function registry schedule")
)

#: The names of the schedules that follow the steps alone; the others watch the training.
STEP_SCHEDULES = tuple(name for name in SCHEDULES if name not in ("adaptive", "reduce_on_plateau"))


def get_schedule(schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None, **settings: Any) -> Schedule:
    """Make a schedule from a name, a description, a function of the step or None (constant).

    Parameters
    ----------
    schedule : str, Schedule, mapping, callable or None
        A name in :data:`SCHEDULES`, a schedule (returned as is), a description from :meth:`Schedule.to_dict`,
        or a function of the step that returns the learning rate.
    **settings
        Settings of the schedule; only with a name or a description.

    Returns
    -------
    Schedule

    Raises
    ------
    InvalidSettingError
        If the name or a setting is unknown, or a setting is out of range.

    Examples
    --------
    >>> get_schedule("cosine", final=0.1)
    Cosine(steps=None, final=0.1)
    >>> get_schedule({"kind": "warm_up", "steps": 5, "then": {"kind": "cosine"}}).then
    Cosine(steps=None, final=0.0)
    >>> get_schedule("warm_up", steps=5, then="cosine").then
    Cosine(steps=None, final=0.0)
    """
    if not settings:
        if schedule is None:
            return Constant()
        if isinstance(schedule, Schedule):
            return schedule
        if callable(schedule) and not isinstance(schedule, type):
            return schedules.Function(schedule)
    then = settings.get("then", schedule.get("then") if isinstance(schedule, Mapping) else None)
    if then is not None:
        settings["then"] = get_schedule(then)
    accepted = "a name, a dict, a Schedule, None or a function of the step"
    return from_name_or_dict(schedule, SCHEDULES, settings, family="schedule", accepted=accepted)


def get_step_schedule(schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None, **settings: Any) -> Schedule:
    """As :func:`get_schedule`, but only for schedules that follow the steps, as those of dropout and weight decay must.

    Parameters
    ----------
    schedule : str, Schedule, mapping, callable or None
        A name in :data:`STEP_SCHEDULES`, or as for :func:`get_schedule`.
    **settings
        Settings of the schedule; only with a name or a description.

    Returns
    -------
    Schedule

    Raises
    ------
    InvalidSettingError
        Also if the schedule watches the training.

    Examples
    --------
    >>> get_step_schedule("flat_cosine")
    FlatCosine(flat=0.5, steps=None, final=0.0)
    """
    made = get_schedule(schedule, **settings)
    if made.reactive is not None:
        rule, repair = (
            "must follow the steps, not the loss",
            f"Choose one of {', '.join(STEP_SCHEDULES)}, or a function of the step.",
        )
        raise InvalidSettingError(phrase("a schedule of dropout or weight decay", rule, made, repair=repair))
    return made
