"""Sigmoid and binary cross-entropy combined, for two classes or for labels that are not mutually exclusive (Cox 1958).

``L = sum_k log(1 + exp(z_k)) - q_k z_k``, the target smoothed by ``s`` to ``q = (1 - s) target + s / 2``.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.links import sigmoid

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """The loss of each row (n,); logits (n, k), target (n, k) in [0, 1].

    >>> import numpy as np
    >>> loss(np.array([[0.0], [1e5]]), np.array([[1.0], [1.0]]))
    array([0.69314718, 0.        ])
    """
    xp = array_namespace(logits, target)
    probability = (1.0 - label_smoothing) * target + 0.5 * label_smoothing
    # log(1 + exp(z)) - q z = |z| * (the share of q on the other side of 0) + log(1 + exp(-|z|)), which never overflows
    size = xp.abs(logits)
    wrong = xp.where(logits > 0, 1.0 - probability, probability)
    return xp.sum(xp.where(wrong == 0, 0.0, size * wrong) + xp.log1p(xp.exp(-size)), axis=1)


def gradient(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """``dL/dz = sigmoid(z) - q``, (n, k)."""
    return sigmoid(logits) - ((1.0 - label_smoothing) * target + 0.5 * label_smoothing)
