"""The schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina import schedules
from lamina.lazy import LazyRegistry, exported_classes
from lamina.schedules.constant import Constant
from lamina.schedules.schedule import Schedule
from lamina.settings import from_name_or_dict

__all__ = ["SCHEDULES", "get_schedule"]

SCHEDULES: Mapping[str, type[Schedule]] = LazyRegistry(
    "lamina.schedules", exported_classes("lamina.schedules", besides="function registry schedule")
)


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
