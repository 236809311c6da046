"""The result of a descent: every point of the path, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.stop_reason import StopReason

__all__ = ["Descent"]


@dataclass(frozen=True, slots=True)
class Descent:
    """The path of :func:`lamina.descent.minimize` with ``n`` steps in ``d`` dimensions.

    Attributes
    ----------
    points : ndarray of shape (n + 1, d)
        The start, and the point after each step.
    values : ndarray of shape (n + 1,)
        The function at each point.
    gradient_norms : ndarray of shape (n + 1,)
        Euclidean norm of the gradient at each point, before clipping.
    learning_rates : ndarray of shape (n,)
        The learning rate of each step; NaN for L-BFGS, which uses a line search.
    num_clipped : int
        Number of steps whose gradient was changed by clipping.
    stop_reason : StopReason
        Its code is "gradient_zero", "max_steps", "non_finite", or "no_improvement" (no further progress of the schedule or the
        line search).
    """

    points: np.ndarray
    values: np.ndarray
    gradient_norms: np.ndarray
    learning_rates: np.ndarray
    num_clipped: int
    stop_reason: StopReason

    @property
    def point(self) -> np.ndarray:
        """The end point, ndarray of shape (d,)."""
        end: np.ndarray = self.points[-1]
        return end

    @property
    def value(self) -> float:
        """The function at the end point."""
        return float(self.values[-1])

    @property
    def num_steps(self) -> int:
        """Number of steps taken."""
        return len(self.points) - 1

    @property
    def converged(self) -> bool:
        """Whether the gradient is almost zero."""
        return self.stop_reason.code == "gradient_zero"

    def __str__(self) -> str:
        point = ", ".join(f"{x:.6g}" for x in self.point)
        return f"({point}) with value {self.value:.6g} after {self.num_steps} steps. {self.stop_reason}"
