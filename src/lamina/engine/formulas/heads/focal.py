"""Focal loss: binary cross-entropy in which rows that are predicted well count less (Lin et al. 2017, equations 4 and 5).

``L = sum_k yes target_k q_k^gamma (-log p_k) + no (1 - target_k) p_k^gamma (-log q_k)``, ``p_k = sigmoid(z_k)``,
``q_k = 1 - p_k``.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.links import sigmoid

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, gamma: float, yes: float, no: float) -> Array:
    """The loss of each row (n,); logits (n, k), target (n, k) in [0, 1], ``gamma`` >= 0, weights ``yes`` and ``no`` > 0.

    >>> import numpy as np
    >>> loss(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]), 2.0, 1.0, 0.5).round(6)
    array([0.173287, 0.086643])
    """
    xp = array_namespace(logits, target)
    as_yes, as_no = yes * target, no * (1.0 - target)
    cost = _product(as_yes, _of_yes(logits, gamma)) + _product(as_no, _of_yes(-logits, gamma))
    return xp.sum(cost, axis=1)


def gradient(logits: Array, target: Array, gamma: float, yes: float, no: float) -> Array:
    """``dL/dz``, where ``d(q^gamma (-log p))/dz = -q^gamma (gamma p (-log p) + q)``, and "no" mirrors "yes"; (n, k)."""
    return no * (1.0 - target) * _slope_of_no(logits, gamma) - yes * target * _slope_of_no(-logits, gamma)


def _of_yes(logits: Array, gamma: float) -> Array:
    """``q^gamma (-log p)``."""
    return _to_power(_softplus(logits), gamma) * _softplus(-logits)


def _slope_of_no(logits: Array, gamma: float) -> Array:
    """``p^gamma (gamma q (-log q) + p)``: the slope of "no", and of "yes" mirrored."""
    p, q = sigmoid(logits), sigmoid(-logits)
    return _to_power(_softplus(-logits), gamma) * (gamma * _product(q, _softplus(logits)) + p)


def _to_power(surprise: Array, gamma: float) -> Array:
    """A probability to the power gamma, from its negative logarithm."""
    xp = array_namespace(surprise)
    return xp.exp(-gamma * surprise) if gamma else xp.ones_like(surprise)


def _softplus(x: Array) -> Array:
    """``log(1 + exp(x)) = -log sigmoid(-x)``, which never overflows."""
    xp = array_namespace(x)
    return xp.clip(x, min=0.0) + xp.log1p(xp.exp(-xp.abs(x)))


def _product(share: Array, x: Array) -> Array:
    """``share x``, where 0 times infinity is 0."""
    return array_namespace(share, x).where(share == 0, 0.0, share * x)
