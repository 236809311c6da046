"""The path of a descent in progress: records each point and decides when to stop."""

from __future__ import annotations

import math

import numpy as np

from lamina.descent.objective import Objective
from lamina.descent.result import Descent
from lamina.engine.formulas.clipping import norm
from lamina.errors import DataError, phrase
from lamina.stop_reason import StopReason

__all__ = ["Trail"]


class Trail:
    """Points with their values and gradients; ends at an almost zero gradient, or before a point that is not finite.

    Parameters
    ----------
    objective : Objective
    start : ndarray of shape (d,)
    tol : float
        The trail ends when the norm of the gradient is below this, and always when it is exactly zero.

    Attributes
    ----------
    points, values, gradient_norms, learning_rates : list
        As in :class:`lamina.descent.Descent`.
    gradient : ndarray of shape (d,)
        At the last point.
    tol : float

    Raises
    ------
    DataError
        If value or gradient are not finite at the start.
    """

    points: list[np.ndarray]
    values: list[float]
    gradient_norms: list[float]
    learning_rates: list[float]
    gradient: np.ndarray

    def __init__(self, objective: Objective, start: np.ndarray, tol: float) -> None:
        self._objective = objective
        self.tol = tol
        self._stop: StopReason | None = None
        self.points, self.values, self.gradient_norms, self.learning_rates = [], [], [], []
        if not self._visit(start):
            repair = "Start where the function and its gradient are finite."
            raise DataError(
                phrase("start", "must have a finite value and gradient", start.tolist(), repair=repair, owner="minimize")
            )

    @property
    def is_over(self) -> bool:
        return self._stop is not None

    def add(self, point: np.ndarray, learning_rate: float = math.nan) -> bool:
        """Add ``point``; returns False and ends the trail before it if its value or gradient is not finite."""
        if not self._visit(point):
            place = np.array2string(point, precision=3)
            text = (
                f"Step {len(self.points)} led to {place}, where the value or the gradient is NaN or infinite; it was taken back."
            )
            self.end("non_finite", text)
            return False
        self.learning_rates.append(learning_rate)
        return True

    def end(self, code: str, text: str) -> None:
        """End the trail; the first reason counts."""
        if self._stop is None:
            self._stop = StopReason(code, text)

    def descent(self, num_clipped: int, max_steps: int) -> Descent:
        """The result so far; adds the reason "max_steps" if the trail has not ended."""
        self.end("max_steps", f"All {max_steps} steps were taken; the gradient's norm is {self.gradient_norms[-1]:.3g}.")
        assert self._stop is not None
        arrays = (np.array(self.points), np.array(self.values), np.array(self.gradient_norms), np.array(self.learning_rates))
        return Descent(*arrays, num_clipped, self._stop)

    def _visit(self, point: np.ndarray) -> bool:
        """Record a point if it, its value and its gradient are finite."""
        if not np.isfinite(point).all():
            return False
        value, gradient = self._objective.value_at(point), self._objective.gradient_at(point)
        with np.errstate(over="ignore"):
            length = norm(gradient)
        # A gradient whose norm overflows could be neither measured nor clipped.
        if not (math.isfinite(value) and math.isfinite(length)):
            return False
        self.points.append(point.copy())
        self.values.append(value)
        self.gradient_norms.append(length)
        self.gradient = gradient
        if length < self.tol or length == 0.0:
            self.end("gradient_zero", f"The gradient was almost zero: its norm was {length:.3g}.")
        return True
