"""Log-cosh: near the target half the squared error, far away the absolute error less log 2 (Neuneier & Zimmermann 1998).

``L = sum_k log cosh(z_k - target_k)``.
"""

from __future__ import annotations

import math

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[1.0], [1000.0]]), np.array([[1.0], [0.0]]))
    array([  0.        , 999.30685282])
    """
    xp = array_namespace(logits, target)
    size = xp.abs(logits - target)
    # log cosh u = |u| - log 2 + log(1 + exp(-2 |u|)) cannot overflow but has no digits left near 0; there, with
    # cosh u = 1 + 2 sinh(u / 2)^2, it has all
    sinh = xp.sinh(0.5 * xp.clip(size, max=1.0))
    far = size - math.log(2.0) + xp.log1p(xp.exp(-2.0 * size))
    return xp.sum(xp.where(size <= 1.0, xp.log1p(2.0 * sinh * sinh), far), axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = tanh(z - target)``, (n, k)."""
    return array_namespace(logits, target).tanh(logits - target)
