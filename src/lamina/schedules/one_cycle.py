"""One rise and one fall of the learning rate over the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import MOST_STEPS, Schedule, Span
from lamina.validation import integer, number, one_of, value

__all__ = ["OneCycle"]


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One cycle: the rate rises from a fraction of the base rate to the base rate, then falls almost to 0, along half cosines.

    With ``T`` steps from 0 to T − 1 and the peak at ``rise`` · T − 1::

        start = base / start_divisor,  end = start / end_divisor
        climbing: start → base,  falling: base → end,   a → b:  b + (a − b) · ½ (1 + cos(π · progress))

    The optimizer's learning rate is the *peak*. After step T − 1 the rate stays constant. The values
    are those of torch's ``OneCycleLR``; momentum is not changed.

    Parameters
    ----------
    steps : int, optional
        Length T of the cycle, >= 2; by default the steps until the end of the running ``fit``.
    rise : float, default=0.3
        Fraction of the steps during which the rate rises, in (0, 1).
    start_divisor : float, default=25.0
        >= 1.
    end_divisor : float, default=1e4
        >= 1.

    References
    ----------
    Smith & Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2019.

    Examples
    --------
    >>> OneCycle(steps=5, rise=0.6, start_divisor=2, end_divisor=2).rates(1.0, first_step=0, num_steps=5).tolist()
    [0.5, 0.75, 1.0, 0.625, 0.25]
    """

    kind: ClassVar[str] = "one_cycle"
    rules: ClassVar = {
        "steps": one_of(integer(2, MOST_STEPS), value(None)),
        "rise": number(0, 1, closed="neither"),
        "start_divisor": number(1),
        "end_divisor": number(1),
    }

    steps: int | None = None
    rise: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4

    @property
    def needs_length(self) -> bool:
        return self.steps is None

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        total = self.steps or max(span.total_steps, 2)
        last = total - 1.0
        # With very few steps the rise may be shorter than one step; it is then skipped.
        peak = min(max(self.rise * total - 1.0, 0.0), last)
        step = np.minimum(span.steps, last)
        start = base / self.start_divisor
        end = start / self.end_divisor
        climb = _ease(start, base, step / peak) if peak > 0.0 else np.full(len(step), base)
        fall = _ease(base, end, (step - peak) / (last - peak)) if last > peak else np.full(len(step), base)
        return np.where(step <= peak, climb, fall)


def _ease(begin: float, end: float, progress: np.ndarray) -> np.ndarray:
    """From ``begin`` to ``end`` along half a cosine."""
    return end + (begin - end) * 0.5 * (1.0 + np.cos(np.pi * progress))
