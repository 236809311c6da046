"""A custom schedule."""

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
    """A function of the step that returns the learning rate itself; the optimizer's rate is not used.

    ::

        rate(t) = function(t)

    Parameters
    ----------
    function : callable
        Takes the step (int, counted from 0 over all fits of the trainer) and returns a rate >= 0.

    Raises
    ------
    InvalidSettingError
        During training, if the function returns anything but a finite number >= 0.

    Examples
    --------
    >>> Function(lambda step: 1 / (1 + step)).rates(0.1, first_step=0, num_steps=2).tolist()
    [1.0, 0.5]
    """

    kind: ClassVar[str] = "function"
    rules: ClassVar = {"function": function("the step")}

    function: Callable[[int], float]

    @property
    def scales(self) -> bool:
        return False

    @property
    def needs_length(self) -> bool:
        return False

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
