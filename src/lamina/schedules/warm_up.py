"""A learning rate that starts small."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from lamina.schedules.constant import Constant
from lamina.schedules.schedule import MOST_STEPS, ReactiveSchedule, Schedule, Span
from lamina.validation import instance, integer

__all__ = ["WarmUp"]


@dataclass(frozen=True)
class WarmUp(Schedule):
    """The rate rises linearly to the base rate; then another schedule takes over, counting its steps from 0.

    ::

        rate(t) = base · (t + 1) / steps        for t < steps
        rate(t) = then(t − steps)               afterwards

    Parameters
    ----------
    steps : int, default=100
        Steps of the rise, >= 1.
    then : Schedule, default=Constant()
        The schedule that follows.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2.

    Examples
    --------
    >>> WarmUp(4).rates(1.0, first_step=0, num_steps=6).tolist()
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    kind: ClassVar[str] = "warm_up"
    rules: ClassVar = {"steps": integer(1, MOST_STEPS), "then": instance(Schedule)}

    steps: int = 100
    then: Schedule = field(default_factory=Constant)

    @property
    def scales(self) -> bool:
        return self.then.scales

    @property
    def reactive(self) -> ReactiveSchedule | None:
        return self.then.reactive

    @property
    def needs_length(self) -> bool:
        return self.then.needs_length

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        rising = min(max(self.steps - span.first_step, 0), span.num_steps)
        rise = base * ((span.steps[:rising] + 1.0) / self.steps)
        rest = span._replace(
            first_step=max(span.first_step - self.steps, 0),
            num_steps=span.num_steps - rising,
            total_steps=max(span.total_steps - self.steps, 1),
        )
        return np.concatenate([rise, self.then.rates_of(base, rest)]) if rest.num_steps else rise
