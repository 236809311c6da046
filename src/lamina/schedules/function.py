"""A user's own schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.schedules.schedule import Schedule, Span
from lamina.validation import function, returned_number

__all__ = ["Function"]


@dataclass(frozen=True)
class Function(Schedule):
    """A function of the step gives the learning rate itself; the optimizer's own rate is not used.

    ::

        rate(t) = function(t)

    Parameters
    ----------
    function : callable
        Takes the step (int, from 0 over the trainer's life), returns a rate >= 0.

    Raises
    ------
    InvalidSettingError
        In training, if the function returns what is no rate.

    Examples
    --------
    >>> Function(lambda step: 1 / (1 + step)).rates(0.1, first_step=0, num_steps=2).tolist()
    [1.0, 0.5]
    """

    kind: ClassVar[str] = "function"
    rules: ClassVar = {"function": function("the step")}

    function: Callable[[int], float]

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        steps = range(span.first_step, span.first_step + span.num_steps)
        numbers = [returned_number(self.function(step), "the schedule's function", owner="Function") for step in steps]
        rates = np.array(numbers, dtype=np.float64)
        wrong = ~(np.isfinite(rates) & (rates >= 0))
        if wrong.any():
            at = int(np.argmax(wrong))
            repair = f"Check what it returns at step {steps[at]}."
            raise InvalidSettingError(
                phrase("the schedule", "must give a finite rate >= 0", float(rates[at]), repair=repair, owner="Function")
            )
        return rates
