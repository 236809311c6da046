"""Calls the callbacks of a trainer at each event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.executor import Watch
from lamina.training.callbacks.callback import Callback, Run
from lamina.validation import check_parameters, instance, integer, one_of, value

__all__ = ["Moments"]

_RULES = {"every_steps": one_of(integer(1), value(None))}
_NAMES = (
    "on_fit_begin",
    "on_epoch_begin",
    "watch",
    "on_steps_done",
    "on_chunk_end",
    "on_epoch_end",
    "on_training_end",
    "on_fit_end",
)


class Moments:
    """The callbacks of a trainer, by event; callbacks that do not override an event's method cost nothing.

    Raises
    ------
    InvalidSettingError
        If something is not a callback, or its ``every_steps`` is neither None nor a positive integer.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        for callback in callbacks:
            check_parameters({"callbacks": callback}, {"callbacks": instance(Callback)}, owner="Trainer")
            check_parameters({"every_steps": callback.every_steps}, _RULES, owner=type(callback).__name__)
        self.callbacks = sorted(callbacks, key=lambda callback: callback.runs_last)
        self._of = {
            moment: [getattr(callback, moment) for callback in self.callbacks if _overrides(callback, moment)]
            for moment in _NAMES
        }
        self._at_steps = [c for c in self.callbacks if c.every_steps is not None or _overrides(c, "next_step")]
        self.needs_gradient_norms = any(callback.needs_gradient_norms for callback in self.callbacks)

    def hears(self, moment: str) -> bool:
        """Whether a callback overrides this event's method."""
        return bool(self._of[moment])

    def call(self, moment: str, *arguments: Any) -> None:
        """Call this event's method on all callbacks that override it."""
        for method in self._of[moment]:
            method(*arguments)

    def call_all(self, moment: str, *arguments: Any) -> None:
        """Like :meth:`call`, but if one callback raises, call the others before the error is raised."""
        errors: list[BaseException] = []
        for method in self._of[moment]:
            try:
                method(*arguments)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def epochs_ahead(self, run: Run, steps_an_epoch: int) -> float:
        """How many epochs may be done before a callback must be called; infinity means any number."""
        if self.needs_gradient_norms or self.hears("on_epoch_begin") or self.hears("on_chunk_end"):
            return 1
        until_due = min(((step - run.step) // steps_an_epoch for _, step in self.due(run)), default=math.inf)
        patience = min((c.epochs_ahead(run) for c in self.callbacks if _overrides(c, "on_epoch_end")), default=math.inf)
        return max(1, min(until_due, patience))

    def due(self, run: Run) -> list[tuple[Callback, int]]:
        """The callbacks that are to be called at a step to come, and that step."""
        asked = [(callback, callback.next_step(run)) for callback in self._at_steps]
        return [(callback, step) for callback, step in asked if step is not None and step > run.step]

    def watches(self, run: Run, num_steps: int) -> list[Watch]:
        """What the callbacks want to know of the next call of the engine, of ``num_steps`` steps."""
        if not run.watches_steps:
            return []
        asked = [watch(run, num_steps) for watch in self._of["watch"]]
        return [watch for watch in asked if watch is not None]

    @staticmethod
    def call_due(due: Sequence[tuple[Callback, int]], run: Run, losses: np.ndarray) -> None:
        """Call ``on_step_end`` of the callbacks of :meth:`due` whose step has come."""
        for callback, step in due:
            if step == run.step:
                callback.on_step_end(run, losses)


def _overrides(callback: Callback, moment: str) -> bool:
    return getattr(type(callback), moment) is not getattr(Callback, moment) or moment in vars(callback)
