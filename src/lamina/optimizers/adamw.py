"""AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.optimizers.adam import Adam

__all__ = ["AdamW"]


@dataclass(frozen=True)
class AdamW(Adam):
    """AdamW: Adam with decoupled weight decay, which shrinks all weights by the same factor, whatever their gradients.

    Update, with Adam's ``m``, ``v``, ``t``, ``learning_rate`` = η, ``weight_decay`` = λ, ``eps`` = ε::

        w ← w − η λ w
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
        Keeps the division finite, > 0.
    weight_decay : float, default=0.01
        Strength λ of the decay, >= 0; torch's default (Keras uses 0.004). Biases, scales and shifts do not decay.

    References
    ----------
    Loshchilov & Hutter, "Decoupled weight decay regularization", 2019, algorithm 2; as in torch, the learning rate takes the
    place of the paper's schedule multiplier.

    Examples
    --------
    >>> AdamW().weight_decay
    0.01
    >>> AdamW().rule()
    UpdateRule(kind='adam', coefficients=(0.9, 0.999, 1e-08), num_slots=2)
    """

    kind: ClassVar[str] = "adamw"

    weight_decay: float = 0.01
