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

    An epoch that is cut short is recorded with the mean loss of the steps that were done; the stop reason tells their share.

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
        if self._is_over:
            whole = trainer.steps_per_epoch
            share = "" if whole is None else f", after {100 * steps_done // whole} % of its steps"
            trainer.stop("time_limit", f"The time limit was reached within epoch {trainer.epoch + 1}{share}.")

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._is_over:
            trainer.stop("time_limit", "The time limit was reached.")

    # The sentences are without a number of seconds: part of the time that was asked for may have been spent before, or be that of
    # other restarts.

    @property
    def _is_over(self) -> bool:
        return self._clock() >= self._end
