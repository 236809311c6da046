"""Half the gamma deviance with a log link: z is the logarithm of the mean (McCullagh & Nelder 1989, section 2.3).

``L = sum_k u_k + exp(-u_k) - 1``, ``u_k = z_k - log target_k``: 0 where the prediction is perfect.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k), target > 0.

    >>> import numpy as np
    >>> loss(np.log(np.array([[2.0], [1.0]])), np.array([[2.0], [2.0]])).round(6)
    array([0.      , 0.306853])
    """
    xp = array_namespace(logits, target)
    over = logits - xp.log(target)
    ratio = xp.exp(-over)  # target / mean
    return xp.sum(xp.where(xp.isinf(ratio), ratio, over + ratio - 1.0), axis=1)  # infinity - infinity would be NaN


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = 1 - target exp(-z)``, (n, k)."""
    xp = array_namespace(logits, target)
    return 1.0 - xp.exp(xp.log(target) - logits)
