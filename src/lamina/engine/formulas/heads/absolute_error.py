"""Absolute error: ``L = sum_k |target_k - z_k|``, minimized over constants by the median (Laplace 1774)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace, sign

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[3.0, 1.0]]), np.array([[1.0, 1.5]]))
    array([2.5])
    """
    xp = array_namespace(logits, target)
    return xp.sum(xp.abs(logits - target), axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = sign(z - target)``, 0 at the kink, (n, k)."""
    return sign(logits - target)
