"""A learning rate that stays constant at first, and then follows half a cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import MOST_STEPS, Schedule, Span
from lamina.validation import integer, number, one_of, value

__all__ = ["FlatCosine"]


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """The rate keeps the base rate for the first part of the steps, and then falls along half a cosine.

    With ``T`` the number of steps, ``flat`` = a, ``final`` = f and progress p = min(t / T, 1)::

        rate(t) = base · (f + (1 − f) · ½ (1 + cos(π · max(p − a, 0) / (1 − a))))

    With the defaults this is RealMLP's ``flat_cos``, ½ (1 + cos(π (max(1, 2p) − 1))); with ``flat=0`` it is
    :class:`~lamina.schedules.Cosine`.

    Parameters
    ----------
    flat : float, default=0.5
        Fraction a of the steps with the base rate, in [0, 1).
    steps : int, optional
        Steps T until the end of the decay, >= 1; by default until the end of the running ``fit``.
    final : float, default=0.0
        The final rate as a fraction of the base rate, in [0, 1].

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024,
    appendix A (there for dropout and weight decay).

    Examples
    --------
    >>> FlatCosine(steps=8).rates(1.0, first_step=0, num_steps=9).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
    """

    kind: ClassVar[str] = "flat_cosine"
    rules: ClassVar = {
        "flat": number(0, 1, closed="left"),
        "steps": one_of(integer(1, MOST_STEPS), value(None)),
        "final": number(0, 1),
    }

    flat: float = 0.5
    steps: int | None = None
    final: float = 0.0

    @property
    def needs_length(self) -> bool:
        return self.steps is None

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        progress = np.minimum(span.steps / (self.steps or max(span.total_steps, 1)), 1.0)
        fall = np.maximum(progress - self.flat, 0.0) / (1.0 - self.flat)
        return base * (self.final + (1.0 - self.final) * 0.5 * (1.0 + np.cos(np.pi * fall)))
