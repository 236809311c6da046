"""A straight line through a noisy course, which single jumps do not move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Trend", "trend"]

_MOST_POINTS = 200  # the slope is the median over all pairs of points
_EFFICIENCY = 1.05  # standard error of Theil and Sen's slope over that of least squares, for normal errors (Sen 1968)
_OF_MAD = 1.4826  # standard deviation of normal numbers over their median absolute deviation


@dataclass(frozen=True, slots=True)
class Trend:
    """A line and what lies around it; NaN for fewer than three points.

    Attributes
    ----------
    level : float
        Of the line in the middle of the course.
    slope : float
        Per unit of x: the median slope of all pairs of points (Theil 1950, Sen 1968).
    error : float
        The standard error of ``slope``, if errors are independent.
    spread : float
        The robust standard deviation around the line.
    """

    level: float
    slope: float
    error: float
    spread: float

    @property
    def clarity(self) -> float:
        """``slope`` in standard errors: below −3 it falls clearly."""
        if self.error > 0:
            return self.slope / self.error
        return math.copysign(math.inf, self.slope) if self.slope else 0.0


def trend(x: np.ndarray, y: np.ndarray) -> Trend:
    """The line through points (x, y) in ascending order of x; those that are not finite are left out.

    >>> line = trend(np.arange(5.0), np.array([10.0, 8.0, 99.0, 4.0, 2.0]))
    >>> line.slope, line.level
    (-2.0, 6.0)
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = _thinned(x[known], y[known])
    if len(x) < 3:
        return Trend(math.nan, math.nan, math.nan, math.nan)
    first, second = np.triu_indices(len(x), 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    middle = float(x.mean())
    level = float(np.median(y - slope * (x - middle)))
    residuals = y - level - slope * (x - middle)
    spread = max(_OF_MAD * float(np.median(np.abs(residuals))), float(np.quantile(np.abs(residuals), 0.75)) / 1.15)
    return Trend(level, slope, _EFFICIENCY * spread / math.sqrt(float(((x - middle) ** 2).sum())), spread)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points for which all pairs can be looked at, evenly spaced."""
    if len(x) <= _MOST_POINTS:
        return x, y
    chosen = np.linspace(0, len(x) - 1, _MOST_POINTS).astype(int)
    return x[chosen], y[chosen]
