"""A learning rate that decays exponentially."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import Schedule, Span
from lamina.validation import number

__all__ = ["Exponential"]


@dataclass(frozen=True)
class Exponential(Schedule):
    """The rate decays smoothly, by ``factor`` per epoch.

    With ``n`` steps in an epoch::

        rate(t) = base · factor ^ (t / n)

    At the start of each epoch it equals torch's ``ExponentialLR`` with ``gamma=factor``, which is constant within an epoch.

    Parameters
    ----------
    factor : float, default=0.95
        In (0, 1].

    Examples
    --------
    >>> Exponential(0.25).rates(1.0, first_step=0, num_steps=4, steps_per_epoch=2).tolist()
    [1.0, 0.5, 0.25, 0.125]
    """

    kind: ClassVar[str] = "exponential"
    rules: ClassVar = {"factor": number(0, 1, closed="right")}

    factor: float = 0.95

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return base * float(self.factor) ** (span.steps / span.steps_per_epoch)
