"""What a search draws a setting from: values, or a range of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

__all__ = ["Draw", "Mostly", "OneOf", "Range"]


class Draw(Protocol):
    """Draws values of one setting."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One value."""


@dataclass(frozen=True)
class OneOf:
    """Each of some values, equally often.

    Parameters
    ----------
    values : tuple
        At least one.

    Examples
    --------
    >>> OneOf(("relu", "mish")).draw(np.random.default_rng(0))
    'mish'
    """

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        return self.values[rng.integers(len(self.values))]


@dataclass(frozen=True)
class Range:
    """Numbers of a range, uniformly, or uniformly in their logarithms.

    Parameters
    ----------
    low, high : float
        low <= high; with ``log``, low > 0.
    log : bool, default=False
    whole : bool, default=False
        Whether the number is rounded to a whole one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Range(8, 512, log=True, whole=True).draw(rng), round(Range(0.0, 0.5).draw(rng), 3)
    (113, 0.135)
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def draw(self, rng: np.random.Generator) -> Any:
        if self.log:
            drawn = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        else:
            drawn = float(rng.uniform(self.low, self.high))
        return round(drawn) if self.whole else drawn


@dataclass(frozen=True)
class Mostly:
    """One value in every second case, and otherwise what something else draws.

    Parameters
    ----------
    value : object
    other : Draw

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> [round(Mostly(0.0, Range(0.1, 0.5)).draw(rng), 2) for _ in range(4)]
    [0.48, 0.0, 0.48, 0.22]
    """

    value: Any
    other: Draw

    def draw(self, rng: np.random.Generator) -> Any:
        return self.value if rng.integers(2) else self.other.draw(rng)
