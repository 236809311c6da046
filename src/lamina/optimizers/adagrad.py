"""Adagrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["Adagrad"]


@dataclass(frozen=True)
class Adagrad(StepOptimizer):
    """Adagrad: divides each weight's step by the root of the sum of its squared gradients, so rare features keep large steps.

    Update, with ``g`` the gradient, ``s`` the sum of squares (initially 0), ``learning_rate`` = η, ``eps`` = ε::

        s ← s + g²
        w ← w − η g / (√s + ε)

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0.
    eps : float, default=1e-10
        Keeps the division finite, > 0; torch's default.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.

    Examples
    --------
    >>> Adagrad().rule()
    UpdateRule(kind='adagrad', coefficients=(1e-10,), num_slots=1)
    """

    kind: ClassVar[str] = "adagrad"
    rules: ClassVar = {"learning_rate": POSITIVE, "eps": POSITIVE, "weight_decay": NOT_NEGATIVE}

    learning_rate: float = 0.01
    eps: float = 1e-10
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("adagrad", (float(self.eps),), 1)
