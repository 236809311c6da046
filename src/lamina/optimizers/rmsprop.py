"""RMSprop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import FRACTION, NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["RMSprop"]


@dataclass(frozen=True)
class RMSprop(StepOptimizer):
    """RMSprop: divides each weight's step by the recent root mean square of its gradient.

    Update, with ``g`` the gradient, ``s`` its mean square (initially 0), ``learning_rate`` = η, ``rho`` = ρ, ``eps`` = ε::

        s ← ρ s + (1 − ρ) g²
        w ← w − η g / (√s + ε)

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0; torch's default (Keras uses 0.001).
    rho : float, default=0.99
        Fraction ρ of the mean square that is kept, in [0, 1); torch calls it ``alpha``, and Keras uses 0.9.
    eps : float, default=1e-8
        Keeps the division finite, > 0.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Tieleman & Hinton, "Lecture 6.5: RMSprop", Coursera, Neural networks for machine learning, 2012.

    Examples
    --------
    >>> RMSprop(0.001, rho=0.9).rule()
    UpdateRule(kind='rmsprop', coefficients=(0.9, 1e-08), num_slots=1)
    """

    kind: ClassVar[str] = "rmsprop"
    rules: ClassVar = {"learning_rate": POSITIVE, "rho": FRACTION, "eps": POSITIVE, "weight_decay": NOT_NEGATIVE}

    learning_rate: float = 0.01
    rho: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("rmsprop", (float(self.rho), float(self.eps)), 1)
