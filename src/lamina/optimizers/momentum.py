"""Gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import FRACTION, NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["Momentum"]


@dataclass(frozen=True)
class Momentum(StepOptimizer):
    """Momentum: a velocity that accumulates past gradients, so that steps grow where they agree and cancel where they zigzag.

    Update, with ``g`` the gradient, ``v`` the velocity (initially 0), ``learning_rate`` = η, ``momentum`` = μ::

        v ← μ v + g
        w ← w − η v

    This is torch's form, in which a schedule scales the whole step; scikit-learn and Keras keep η inside the velocity
    (v ← μ v − η g), which is the same as long as η is constant.

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0.
    momentum : float, default=0.9
        Fraction μ of the velocity that is kept, in [0, 1); 0 is plain gradient descent.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> Momentum(0.1, momentum=0.8).rule()
    UpdateRule(kind='momentum', coefficients=(0.8,), num_slots=1)
    """

    kind: ClassVar[str] = "momentum"
    rules: ClassVar = {"learning_rate": POSITIVE, "momentum": FRACTION, "weight_decay": NOT_NEGATIVE}

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("momentum", (float(self.momentum),), 1)
