"""What the encoder of a column of numbers has to know of them, whether they lie in one array or went by block by block."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

__all__ = ["NumberSummary", "NumbersOfArray"]


class NumberSummary(Protocol):
    """Counts, extremes, quartiles and moments of numbers, of which NaN is missing."""

    @property
    def num_missing(self) -> int:
        """How many are NaN."""

    @property
    def num_infinite(self) -> int:
        """How many are infinite."""

    @property
    def num_finite(self) -> int:
        """How many are neither."""

    @property
    def low(self) -> float:
        """The smallest finite one; 0 if there is none."""

    @property
    def high(self) -> float:
        """The largest finite one; 0 if there is none."""

    def quartiles(self, unit: float) -> tuple[float, float, float]:
        """The quartiles of those that are not missing, in units of ``unit``; infinite ones count as the extremes."""

    def moments(self, unit: float) -> tuple[float, float]:
        """Mean and standard deviation, likewise."""


class NumbersOfArray:
    """The exact summary of an array, ndarray of shape (n,) float64.

    >>> numbers = NumbersOfArray(np.array([1.0, 2.0, np.nan, np.inf]))
    >>> numbers.num_missing, numbers.num_infinite, numbers.high, numbers.quartiles(1.0)
    (1, 1, 2.0, (1.5, 2.0, 2.0))
    """

    def __init__(self, numbers: np.ndarray) -> None:
        missing = np.isnan(numbers)
        self.num_missing = int(missing.sum())
        self._present = numbers[~missing] if self.num_missing else numbers
        is_finite = np.isfinite(self._present)
        self.num_finite = int(is_finite.sum())
        self.num_infinite = len(self._present) - self.num_finite
        finite = self._present[is_finite] if self.num_infinite else self._present
        self.low, self.high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)

    def quartiles(self, unit: float) -> tuple[float, float, float]:
        """The quartiles in units of ``unit``."""
        first, second, third = (float(q) for q in np.quantile(self._clipped / unit, [0.25, 0.5, 0.75]))
        return first, second, third

    def moments(self, unit: float) -> tuple[float, float]:
        """Mean and standard deviation in units of ``unit``."""
        values = self._clipped / unit
        return float(np.mean(values)), float(np.std(values))

    @cached_property
    def _clipped(self) -> np.ndarray:
        return np.clip(self._present, self.low, self.high) if self.num_infinite else self._present
