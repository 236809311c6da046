"""What a descent leaves: every point of the way, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.stop_reason import StopReason

__all__ = ["Descent"]


@dataclass(frozen=True, slots=True)
class Descent:
    """The way of :func:`lamina.descent.minimize` with ``n`` steps in ``d`` dimensions.

    Attributes
    ----------
    points : ndarray of shape (n + 1, d)
        The start, and where each step led.
    values : ndarray of shape (n + 1,)
        The function there.
    gradient_norms : ndarray of shape (n + 1,)
        The gradient's Euclidean norm there, before clipping.
    learning_rates : ndarray of shape (n,)
        The rate of each step; NaN for L-BFGS, whose line search decides.
    num_clipped : int
        Steps whose gradient clipping changed.
    stop_reason : StopReason
        Its code is "gradient_zero", "max_steps", "non_finite", or "no_improvement": schedule or line search got no further.
    """

    points: np.ndarray
    values: np.ndarray
    gradient_norms: np.ndarray
    learning_rates: np.ndarray
    num_clipped: int
    stop_reason: StopReason

    @property
    def point(self) -> np.ndarray:
        """Where it ended, ndarray of shape (d,)."""
        end: np.ndarray = self.points[-1]
        return end

    @property
    def value(self) -> float:
        """The function there."""
        return float(self.values[-1])

    @property
    def num_steps(self) -> int:
        """Steps taken."""
        return len(self.points) - 1

    @property
    def converged(self) -> bool:
        """Whether the gradient is almost zero."""
        return self.stop_reason.code == "gradient_zero"

    def __str__(self) -> str:
        point = ", ".join(f"{x:.6g}" for x in self.point)
        return f"({point}) with value {self.value:.6g} after {self.num_steps} steps. {self.stop_reason}"
