"""A learning rate that follows half a cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import MOST_STEPS, Schedule, Span
from lamina.validation import integer, number, one_of, value

__all__ = ["Cosine"]


@dataclass(frozen=True)
class Cosine(Schedule):
    """The rate falls from the base rate along half a cosine, slowly at both ends, and then stays constant.

    With ``T`` the number of steps, ``final`` = f::

        rate(t) = base · (f + (1 − f) · ½ (1 + cos(π · min(t / T, 1))))

    Parameters
    ----------
    steps : int, optional
        Steps T until the end of the decay, >= 1; by default until the end of the running ``fit``.
    final : float, default=0.0
        The final rate as a fraction of the base rate, in [0, 1].

    References
    ----------
    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, eq. 5 (without restarts).

    Examples
    --------
    >>> Cosine(steps=4).rates(1.0, first_step=0, num_steps=5).round(3).tolist()
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    kind: ClassVar[str] = "cosine"
    rules: ClassVar = {"steps": one_of(integer(1, MOST_STEPS), value(None)), "final": number(0, 1)}

    steps: int | None = None
    final: float = 0.0

    @property
    def needs_length(self) -> bool:
        return self.steps is None

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        progress = np.minimum(span.steps / (self.steps or max(span.total_steps, 1)), 1.0)
        return base * (self.final + (1.0 - self.final) * 0.5 * (1.0 + np.cos(np.pi * progress)))
