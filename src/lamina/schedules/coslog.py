"""A learning rate that rises and falls several times, in cycles of doubling length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import MOST_STEPS, Schedule, Span
from lamina.validation import integer, number, one_of, value

__all__ = ["CosLog"]

_MOST_CYCLES = 32


@dataclass(frozen=True)
class CosLog(Schedule):
    """The rate rises from the final rate to the base rate and falls again along a cosine, ``cycles`` times, each twice as long.

    With ``T`` the number of steps, ``cycles`` = k, ``final`` = f and progress p = min(t / T, 1)::

        rate(t) = base · (f + (1 − f) · ½ (1 − cos(2π · log2(1 + (2^k − 1) · p))))

    Losses are usually lowest at the end of a cycle, so keep the best epoch. The rate begins with ``final`` · base, where it also
    stays after step T: with ``final=0`` the first step of a run changes no weight. With 4 cycles this is RealMLP's ``coslog4``.

    Parameters
    ----------
    cycles : int, default=4
        Cycles k, 1 to 32; the first takes 1 / (2^k − 1) of the steps, the last about half of them.
    steps : int, optional
        Steps T of all cycles, >= 1; by default until the end of the running ``fit``.
    final : float, default=0.0
        The rate between two cycles as a fraction of the base rate, in [0, 1].

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024,
    section 3 (there ``final`` is 0).

    Examples
    --------
    >>> CosLog(cycles=2, steps=6).rates(1.0, first_step=0, num_steps=7).round(3).tolist()
    [0.0, 0.93, 0.0, 0.718, 0.93, 0.324, 0.0]
    """

    kind: ClassVar[str] = "coslog"
    rules: ClassVar = {
        "cycles": integer(1, _MOST_CYCLES),
        "steps": one_of(integer(1, MOST_STEPS), value(None)),
        "final": number(0, 1),
    }

    cycles: int = 4
    steps: int | None = None
    final: float = 0.0

    @property
    def needs_length(self) -> bool:
        return self.steps is None

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        progress = np.minimum(span.steps / (self.steps or max(span.total_steps, 1)), 1.0)
        cycle = np.log2(1.0 + (2.0**self.cycles - 1.0) * progress)
        return base * (self.final + (1.0 - self.final) * 0.5 * (1.0 - np.cos(2.0 * np.pi * cycle)))
