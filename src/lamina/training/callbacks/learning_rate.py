"""A schedule given as a callback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina.schedules import Schedule, get_schedule
from lamina.training.callbacks.callback import Callback, Run

__all__ = ["LearningRate"]


class LearningRate(Callback):
    """Sets the learning-rate schedule, for APIs that only accept callbacks; the trainer's ``schedule`` does the same.

    Parameters
    ----------
    schedule : str, Schedule, mapping or callable
        Anything that :func:`lamina.schedules.get_schedule` takes; a function of the step returns the rate itself.

    Examples
    --------
    >>> LearningRate("cosine").schedule
    Cosine(steps=None, final=0.0)
    """

    def __init__(self, schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float]) -> None:
        self.schedule = get_schedule(schedule)

    def on_fit_begin(self, trainer: Run) -> None:
        trainer.schedule = self.schedule

    def state(self) -> dict[str, Any]:
        reactive = self.schedule.reactive
        return {} if reactive is None else {"schedule": reactive.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        if self.schedule.reactive is not None:
            self.schedule.reactive.load_state(state["schedule"])
