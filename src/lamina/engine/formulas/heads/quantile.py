"""Quantile (pinball) loss: minimized over constants by the q-quantile of the targets (Koenker & Bassett 1978, equation 3).

``L = sum_j sum_i max(q_i u, (q_i - 1) u)`` with ``u = target_j - z_(j, i)``: every target has one logit per level, side by side.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace, constants, sign

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, *levels: float) -> Array:
    """The loss of each row (n,); target (n, k), logits (n, k * m): target j, level i of the m ``levels`` in column ``j * m + i``.

    >>> import numpy as np
    >>> loss(np.array([[0.0, 0.0]]), np.array([[10.0]]), 0.1, 0.9)
    array([10.])
    """
    xp = array_namespace(logits, target)
    below, level = _difference(logits, target, levels)
    cost = xp.where(below > 0, level * below, (level - 1.0) * below)
    return xp.sum(cost, axis=(1, 2))


def gradient(logits: Array, target: Array, *levels: float) -> Array:
    """``dL/dz = -q`` where ``z < target``, ``1 - q`` where ``z > target``, 0 at the kink; (n, k * len(levels))."""
    xp = array_namespace(logits, target)
    below, level = _difference(logits, target, levels)
    # cost = where(below > 0, level * below, (level - 1) * below), below = target - z
    d_logits = xp.where(below > 0, -level, 1.0 - level) * xp.abs(sign(below))
    return xp.reshape(d_logits, logits.shape)


def _difference(logits: Array, target: Array, levels: tuple[float, ...]) -> tuple[Array, Array]:
    """``target - z`` as (n, k, levels), and the levels as (1, 1, levels)."""
    xp = array_namespace(logits, target)
    z = xp.reshape(logits, (target.shape[0], target.shape[1], len(levels)))
    level = xp.reshape(constants(levels, logits), (1, 1, len(levels)))
    return target[:, :, None] - z, level
