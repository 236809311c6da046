"""L-BFGS, one iteration at a time, with all its state in arrays that can be stored, so that a descent resumes bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from lamina.descent.line_search import Trial, search_line
from lamina.optimizers import LBFGS

__all__ = ["QuasiNewton"]

ValueAndGradient: TypeAlias = "Callable[[np.ndarray], tuple[float, np.ndarray]]"

_EPS = float(np.finfo(np.float64).eps)


class QuasiNewton:
    """Minimizes a function with L-BFGS.

    The direction is −H g, where H estimates the inverse Hessian from the last pairs (s, y) of steps and gradient changes
    (the two-loop recursion, from H₀ = s·y / y·y); :func:`~lamina.descent.line_search.search_line` finds the step along it.

    Parameters
    ----------
    function : callable
        Returns value and gradient at a point, float64; either may be NaN or infinite.
    start : ndarray of shape (d,)
    optimizer : LBFGS
        Its ``memory`` gives the number of pairs to keep.

    Attributes
    ----------
    point, gradient : ndarray of shape (d,)
    value : float
        The function at ``point``.
    value_before : float
        Value of the previous iterate; infinite at the start.
    num_iterations, num_evaluations : int

    References
    ----------
    Nocedal, "Updating quasi-Newton matrices with limited storage", 1980 (the recursion).
    Byrd, Lu, Nocedal & Zhu, "A limited memory algorithm for bound constrained optimization", 1995 (which pairs are skipped).

    Examples
    --------
    >>> bowl = QuasiNewton(lambda w: (float(w @ w), 2 * w), np.array([3.0, 4.0]), LBFGS())
    >>> while bowl.largest_slope > 1e-9:
    ...     _ = bowl.advance()
    >>> bowl.value < 1e-18
    True
    """

    def __init__(self, function: ValueAndGradient, start: np.ndarray, optimizer: LBFGS) -> None:
        self._function = function
        self._memory = optimizer.memory
        self._pairs: list[tuple[np.ndarray, np.ndarray]] = []
        self.num_iterations = 0
        self.num_evaluations = 0
        self.point = start
        self.value, self.gradient = self._evaluate(start)
        self.value_before = math.inf

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are finite at the current point."""
        return math.isfinite(self.value) and bool(np.isfinite(self.gradient).all())

    @property
    def largest_slope(self) -> float:
        """The largest element of the gradient, in absolute value."""
        return float(np.abs(self.gradient).max(initial=0.0))

    def has_converged(self, loss_tol: float) -> bool:
        """Whether the relative decrease of the last iteration was at most ``loss_tol``."""
        fall = self.value_before - self.value
        return fall <= loss_tol * max(abs(self.value_before), abs(self.value), 1.0)

    def advance(self) -> bool:
        """Move to the next iterate; returns False without moving if no lower value is found."""
        while True:
            direction = self._direction()
            slope = float(direction @ self.gradient)
            if slope < 0 and (found := self._search(direction, slope)) is not None:
                self._move(*found)
                return True
            if not self._pairs:
                return False
            self._pairs = []  # the memory is misleading: restart from steepest descent

    def state(self) -> dict[str, Any]:
        """Everything needed to resume, as arrays and numbers."""
        return {
            "point": self.point,
            "gradient": self.gradient,
            "pairs": np.array(self._pairs).reshape(len(self._pairs), 2, len(self.point)),
            "value": self.value,
            "value_before": self.value_before,
            "num_iterations": self.num_iterations,
            "num_evaluations": self.num_evaluations,
        }

    @classmethod
    def resumed(cls, function: ValueAndGradient, state: Mapping[str, Any], optimizer: LBFGS) -> QuasiNewton:
        """Restore the descent that returned ``state``."""
        descent = cls.__new__(cls)
        descent._function, descent._memory = function, optimizer.memory
        descent._pairs = [(s, y) for s, y in state["pairs"]]
        for name in ("point", "gradient", "value", "value_before", "num_iterations", "num_evaluations"):
            setattr(descent, name, state[name])
        return descent

    def _direction(self) -> np.ndarray:
        q = -self.gradient
        parts = []
        for s, y in reversed(self._pairs):
            rho = 1.0 / float(s @ y)
            a = rho * float(s @ q)
            parts.append((rho, a))
            q -= a * y
        if self._pairs:
            s, y = self._pairs[-1]
            q *= float(s @ y) / float(y @ y)
        for (s, y), (rho, a) in zip(self._pairs, reversed(parts), strict=True):
            q += (a - rho * float(y @ q)) * s
        return q

    def _search(self, direction: np.ndarray, slope: float) -> tuple[np.ndarray, float, np.ndarray] | None:
        """Point, value and gradient of an acceptable step along ``direction``, or None."""
        last = self.point, self.value, self.gradient

        def trial(step: float) -> Trial:
            nonlocal last
            point = self.point + step * direction
            last = (point, *self._evaluate(point))
            return Trial(step, last[1], float(last[2] @ direction))

        length = float(np.linalg.norm(direction))
        first_step = 1.0 if self.num_iterations else min(1.0 / length, 1e10)
        with np.errstate(over="ignore", invalid="ignore"):
            found = search_line(trial, Trial(0.0, self.value, slope), first_step)
        return None if found is None or found.value > self.value else last  # the accepted trial is always the last one

    def _move(self, point: np.ndarray, value: float, gradient: np.ndarray) -> None:
        s, y = point - self.point, gradient - self.gradient
        # A pair without curvature would make H indefinite.
        if float(s @ y) > -_EPS * float(s @ self.gradient):
            self._pairs = [*self._pairs, (s, y)][-self._memory :]
        self.value_before, self.value = self.value, value
        self.point, self.gradient = point, gradient
        self.num_iterations += 1

    def _evaluate(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        self.num_evaluations += 1
        return self._function(point)
