"""Shares with their confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Share"]

_Z = 1.959964  # of 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total``.

    >>> str(Share(19, 20))
    '95 % (76–99 %), 19 of 20'
    """

    count: int
    total: int

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of 95 % (Wilson 1927): (p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)."""
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.value
        middle = p + _Z**2 / (2 * n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        scale = 1 + _Z**2 / n
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)

    def __str__(self) -> str:
        if not self.total:
            return "–"
        low, high = (round(100 * bound) for bound in self.interval)
        return f"{100 * self.value:.0f} % ({low}–{high} %), {self.count} of {self.total}"

    def to_dict(self) -> dict[str, float]:
        return {"count": self.count, "total": self.total, "low": self.interval[0], "high": self.interval[1]}
