"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.plan import UpdateRule
from lamina.optimizers.optimizer import FRACTION, NOT_NEGATIVE, POSITIVE, StepOptimizer

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(StepOptimizer):
    """Adam: momentum divided by the root mean square of the gradient, both corrected for their start at zero.

    Update, with ``g`` the gradient, ``t`` = 1, 2, … the step, ``learning_rate`` = η,
    ``beta1`` = β₁, ``beta2`` = β₂, ``eps`` = ε::

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        w ← w − η · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)

    Parameters
    ----------
    learning_rate : float, default=0.001
        Step size η, > 0.
    beta1 : float, default=0.9
        Decay of the mean of the gradient, in [0, 1).
    beta2 : float, default=0.999
        Decay of the mean of its square, in [0, 1).
    eps : float, default=1e-8
        Keeps the division finite, > 0; added after the correction, as in the paper's algorithm 1.
    weight_decay : float, default=0.0
        *Decoupled* weight decay, >= 0 (torch's Adam adds weight decay to the gradient; a layer's ``l2`` does that here).

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Examples
    --------
    >>> Adam(beta2=0.99).rule()
    UpdateRule(kind='adam', coefficients=(0.9, 0.99, 1e-08), num_slots=2)
    """

    kind: ClassVar[str] = "adam"
    rules: ClassVar = {
        "learning_rate": POSITIVE,
        "beta1": FRACTION,
        "beta2": FRACTION,
        "eps": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def rule(self) -> UpdateRule:
        return UpdateRule("adam", (float(self.beta1), float(self.beta2), float(self.eps)), 2)
