"""A learning rate that falls in steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import MOST_STEPS, Schedule, Span
from lamina.validation import integer, number

__all__ = ["Step"]


@dataclass(frozen=True)
class Step(Schedule):
    """Multiplies the rate by ``factor`` every ``epochs`` epochs.

    With ``e`` = 0, 1, … the epoch of step t::

        rate(t) = base · factor ^ ⌊e / epochs⌋

    Parameters
    ----------
    epochs : int, default=10
        Epochs between changes, >= 1 (torch's ``step_size``).
    factor : float, default=0.1
        In (0, 1] (torch's ``gamma``).

    Examples
    --------
    >>> Step(epochs=1, factor=0.5).rates(0.8, first_step=0, num_steps=6, steps_per_epoch=2).tolist()
    [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    """

    kind: ClassVar[str] = "step"
    rules: ClassVar = {"epochs": integer(1), "factor": number(0, 1, closed="right")}

    epochs: int = 10
    factor: float = 0.1

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        epoch = span.steps // span.steps_per_epoch
        return base * float(self.factor) ** (epoch // min(self.epochs, MOST_STEPS))
