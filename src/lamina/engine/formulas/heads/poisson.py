"""Half the Poisson deviance with a log link: z is the logarithm of the expected count (McCullagh & Nelder 1989, section 2.3).

``L = sum_k exp(z_k) - target_k z_k + target_k log target_k - target_k``; the last two terms make a perfect prediction cost 0.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k), target >= 0, with ``0 log 0 = 0``.

    >>> import numpy as np
    >>> loss(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([0., 1.])
    """
    xp = array_namespace(logits, target)
    rate = xp.exp(logits)
    log_target = xp.log(xp.where(target > 0, target, 1.0))
    rest = xp.where(target == 0, 0.0, target * (log_target - logits - 1.0))
    return xp.sum(xp.where(xp.isinf(rate), rate, rate + rest), axis=1)  # infinity - infinity would be NaN


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = exp(z) - target``, (n, k)."""
    return array_namespace(logits, target).exp(logits) - target
