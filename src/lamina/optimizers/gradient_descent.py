"""Plain gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["GradientDescent"]


@dataclass(frozen=True)
class GradientDescent(StepOptimizer):
    """Gradient descent: a step against the gradient, proportional to it.

    With a batch of one row this is stochastic gradient descent in the strict sense, with all rows it is batch gradient
    descent, and in between it is mini-batch gradient descent.

    Update, with ``g`` the gradient and ``learning_rate`` = η::

        w ← w − η g

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Robbins & Monro, "A stochastic approximation method", 1951.

    Examples
    --------
    >>> GradientDescent(0.1).rule()
    UpdateRule(kind='gradient_descent', coefficients=(), num_slots=0)
    """

    kind: ClassVar[str] = "gradient_descent"
    rules: ClassVar = {"learning_rate": POSITIVE, "weight_decay": NOT_NEGATIVE}

    learning_rate: float = 0.01
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("gradient_descent", (), 0)
