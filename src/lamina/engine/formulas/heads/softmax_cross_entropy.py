"""Softmax and cross-entropy combined: ``L = sum_k q_k (log sum_j exp(z_j) - z_k)`` (Bridle 1990).

``q`` is the target distribution, smoothed by ``s`` to ``(1 - s) q + s / k`` (Szegedy et al. 2016, section 7).
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.links import log_sum_exp, softmax

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """The loss of each row (n,); logits (n, k), target (n, 1) with the index of the class, or (n, k) with probabilities.

    >>> import numpy as np
    >>> loss(np.array([[0.0, 0.0], [1e5, -1e5]]), np.array([[0.0], [1.0]]))
    array([6.93147181e-01, 2.00000000e+05])
    """
    xp = array_namespace(logits, target)
    probability = target_distribution(logits, target, label_smoothing)
    surprise = log_sum_exp(logits) - logits
    return xp.sum(
        xp.where(probability == 0, 0.0, probability * surprise), axis=1
    )  # 0 * inf = 0: a class of probability 0 costs nothing


def gradient(logits: Array, target: Array, label_smoothing: float = 0.0) -> Array:
    """``dL/dz = softmax(z) * sum_k q_k - q``, (n, k)."""
    xp = array_namespace(logits, target)
    probability = target_distribution(logits, target, label_smoothing)
    return softmax(logits) * xp.sum(probability, axis=1, keepdims=True) - probability


def target_distribution(logits: Array, target: Array, label_smoothing: float) -> Array:
    """The smoothed probabilities (n, k); a target of one column holds class indices."""
    xp = array_namespace(logits, target)
    num_classes = logits.shape[1]
    if target.shape[1] == 1:
        classes = xp.arange(num_classes, dtype=target.dtype, device=target.device)
        target = xp.astype(target == classes[None, :], logits.dtype)
    return (1.0 - label_smoothing) * target + label_smoothing / num_classes
