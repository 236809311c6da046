"""The user's function and gradient, with checked results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import DataError, phrase

__all__ = ["Objective"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A function to minimize and its gradient.

    Attributes
    ----------
    function, gradient : callable
        As in :func:`lamina.descent.minimize`. Each receives a copy of the point, so it may modify it.
    """

    function: Callable[[np.ndarray], Any]
    gradient: Callable[[np.ndarray], Any]

    def value_at(self, point: np.ndarray) -> float:
        """The function's value, which may be NaN or infinite; overflow gives infinity."""
        with np.errstate(all="ignore"):
            value = self.function(point.copy())
        number = np.asarray(value)
        if number.size != 1 or number.dtype.kind not in "fiub":
            raise DataError(phrase("function", "must return one number", value, owner="minimize"))
        return float(number.reshape(()))

    def gradient_at(self, point: np.ndarray) -> np.ndarray:
        """The gradient as a new array of the point's shape."""
        with np.errstate(all="ignore"):
            gradient = np.atleast_1d(np.array(self.gradient(point.copy()), dtype=np.float64))
        if gradient.shape != point.shape:
            rule = f"must return {point.size} numbers, one per variable"
            raise DataError(phrase("gradient", rule, gradient, owner="minimize"))
        return gradient
