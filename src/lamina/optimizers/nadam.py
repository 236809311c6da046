"""Nadam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import FRACTION, NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["Nadam"]


@dataclass(frozen=True)
class Nadam(StepOptimizer):
    """Nadam: Adam with Nesterov's look-ahead, and a momentum that warms up.

    Update, with ``g`` the gradient, ``t`` = 1, 2, … the step, ``learning_rate`` = η, ``momentum_decay`` = ψ, ``eps`` = ε::

        μₜ = β₁ (1 − ½ · 0.96^(t ψ))
        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ = μₜ₊₁ m / (1 − Π_{i ≤ t+1} μᵢ) + (1 − μₜ) g / (1 − Π_{i ≤ t} μᵢ)
        w ← w − η m̂ / (√(v / (1 − β₂ᵗ)) + ε)

    Parameters
    ----------
    learning_rate : float, default=0.002
        Step size η, > 0; torch's default (Keras uses 0.001).
    beta1 : float, default=0.9
        Decay of the mean of the gradient, in [0, 1).
    beta2 : float, default=0.999
        Decay of the mean of its square, in [0, 1).
    eps : float, default=1e-8
        Keeps the division finite, > 0.
    momentum_decay : float, default=0.004
        How fast μ warms up, ψ >= 0.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016; the schedule of μ is Sutskever's (2013), as in torch's NAdam.

    Examples
    --------
    >>> Nadam().rule()
    UpdateRule(kind='nadam', coefficients=(0.9, 0.999, 1e-08, 0.004), num_slots=2)
    """

    kind: ClassVar[str] = "nadam"
    rules: ClassVar = {
        "learning_rate": POSITIVE,
        "beta1": FRACTION,
        "beta2": FRACTION,
        "eps": POSITIVE,
        "momentum_decay": NOT_NEGATIVE,
        "weight_decay": NOT_NEGATIVE,
    }

    learning_rate: float = 0.002
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("nadam", (float(self.beta1), float(self.beta2), float(self.eps), float(self.momentum_decay)), 2)
