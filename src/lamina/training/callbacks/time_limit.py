"""Limits the time that training takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters, function, number

__all__ = ["TimeLimit"]


_RULES = {"seconds": number(0, closed="neither"), "clock": function("nothing")}


class TimeLimit(Callback):
    """Stops training when the time limit is reached, at the next return from the engine, usually within half a second.

    An epoch that is cut short is recorded with the mean loss of the steps that were done.

    Parameters
    ----------
    seconds : float
        Time for one ``fit``, > 0.
    clock : callable, default=time.monotonic
        Returns the time in seconds.

    Examples
    --------
    >>> TimeLimit(60).seconds
    60
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        check_parameters({"seconds": seconds, "clock": clock}, _RULES, owner="TimeLimit")
        self.seconds = seconds
        self._clock = clock
        self._end = 0.0

    def on_fit_begin(self, trainer: Run) -> None:
        self._end = self._clock() + float(self.seconds)  # a float16 would overflow on a machine that runs for a day

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        self._check(trainer)

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        self._check(trainer)

    def _check(self, trainer: Run) -> None:
        if self._clock() >= self._end:
            # Without a number: part of the time that was asked for may have been spent before, or be that of other restarts.
            trainer.stop("time_limit", "The time limit was reached.")
