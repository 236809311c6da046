"""Gradient descent with Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import FRACTION, NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["Nesterov"]


@dataclass(frozen=True)
class Nesterov(StepOptimizer):
    """Nesterov's momentum: like :class:`~lamina.optimizers.Momentum`, but looks one step of the velocity ahead.

    Update, with ``g`` the gradient, ``v`` the velocity (initially 0), ``learning_rate`` = η, ``momentum`` = μ::

        v ← μ v + g
        w ← w − η (g + μ v)

    Nesterov evaluates the gradient at the look-ahead point. Here, as in torch and Keras, the weights themselves are that
    point, so the gradient is evaluated at the weights.

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0.
    momentum : float, default=0.9
        Fraction μ of the velocity that is kept, in [0, 1).
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k²)", 1983.
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, section 2.

    Examples
    --------
    >>> Nesterov().rule()
    UpdateRule(kind='nesterov', coefficients=(0.9,), num_slots=1)
    """

    kind: ClassVar[str] = "nesterov"
    rules: ClassVar = {"learning_rate": POSITIVE, "momentum": FRACTION, "weight_decay": NOT_NEGATIVE}

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("nesterov", (float(self.momentum),), 1)
