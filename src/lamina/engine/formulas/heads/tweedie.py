"""Half the Tweedie deviance of a power in (1, 2) with a log link: z is the logarithm of the mean (Jorgensen 1987).

``L = sum_k mu^b / b - target mu^a / a + target^b / (a b)``, ``mu = exp(z_k)``, ``a = 1 - power``, ``b = 2 - power``; the last
term makes a perfect prediction cost 0.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, power: float) -> Array:
    """The loss of each row (n,); logits and target (n, k), target >= 0, ``power`` in (1, 2).

    >>> import numpy as np
    >>> loss(np.log(np.array([[4.0], [1.0]])), np.array([[4.0], [0.0]]), 1.5)
    array([0., 2.])
    """
    xp = array_namespace(logits, target)
    a, b = 1.0 - power, 2.0 - power
    rest = target**b / (a * b) - _times_power(logits, target, a) / a
    return xp.sum(xp.exp(b * logits) / b + rest, axis=1)


def gradient(logits: Array, target: Array, power: float) -> Array:
    """``dL/dz = mu^b - target mu^a``, (n, k)."""
    xp = array_namespace(logits, target)
    return xp.exp((2.0 - power) * logits) - _times_power(logits, target, 1.0 - power)


def _times_power(logits: Array, target: Array, exponent: float) -> Array:
    """``target exp(exponent z)``, 0 where the target is 0, however small the mean."""
    xp = array_namespace(logits, target)
    return xp.where(target == 0, 0.0, target * xp.exp(exponent * logits))
