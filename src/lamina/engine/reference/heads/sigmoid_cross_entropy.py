"""Sigmoid and binary cross-entropy in one, for two classes or for labels that do not exclude each other (Cox 1958).

``L = sum_k log(1 + exp(z_k)) - q_k z_k``, the target smoothed by ``s`` to ``q = (1 - s) target + s / 2``.
"""

from __future__ import annotations

from lamina.engine.reference.array import Array, array_namespace
from lamina.engine.reference.links import sigmoid

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """The loss of each row (n,); logits (n, k), target (n, k) in [0, 1].

    >>> import numpy as np
    >>> loss(np.array([[0.0], [1e5]]), np.array([[1.0], [1.0]]))
    array([0.69314718, 0.        ])
    """
    xp = array_namespace(logits, target)
    probability = (1.0 - label_smoothing) * target + 0.5 * label_smoothing
    # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)) never overflows
    return xp.sum(xp.clip(logits, min=0.0) - probability * logits + xp.log1p(xp.exp(-xp.abs(logits))), axis=1)


def gradient(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """``dL/dz = sigmoid(z) - q``, (n, k)."""
    return sigmoid(logits) - ((1.0 - label_smoothing) * target + 0.5 * label_smoothing)
