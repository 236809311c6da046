"""A learning rate that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import Schedule, Span

__all__ = ["Constant"]


@dataclass(frozen=True)
class Constant(Schedule):
    """The optimizer's learning rate at every step.

    ::

        rate(t) = base

    Examples
    --------
    >>> Constant().rates(0.1, first_step=0, num_steps=3).tolist()
    [0.1, 0.1, 0.1]
    """

    kind: ClassVar[str] = "constant"

    @property
    def needs_length(self) -> bool:
        return False

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return np.full(span.num_steps, base)
