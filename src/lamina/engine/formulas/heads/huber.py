"""Huber loss: squared error near the target, absolute error far away (Huber 1964).

``L = sum_k h(z_k - target_k)``, ``h(u) = u^2 / 2`` where ``|u| <= delta``, else ``delta * (|u| - delta / 2)``.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, delta: float) -> Array:
    """The loss of each row (n,); logits and target (n, k), ``delta`` > 0.

    >>> import numpy as np
    >>> loss(np.array([[3.0], [0.5]]), np.array([[0.0], [0.0]]), 1.0)
    array([2.5  , 0.125])
    """
    xp = array_namespace(logits, target)
    size = xp.abs(logits - target)
    near = xp.clip(size, max=delta)
    # near * (size - near / 2) is u^2 / 2 where near = |u|, and the straight line where near = delta; u^2 cannot overflow
    return xp.sum(near * (size - 0.5 * near), axis=1)


def gradient(logits: Array, target: Array, delta: float) -> Array:
    """``dL/dz = u`` clipped to ``[-delta, delta]``, ``u = z - target``, (n, k)."""
    return array_namespace(logits, target).clip(logits - target, min=-delta, max=delta)
