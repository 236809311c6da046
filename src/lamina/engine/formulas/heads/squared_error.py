"""Squared error: ``L = sum_k 1/2 (target_k - z_k)^2``, z being the logits (Gauss 1809); the gradient is the error itself."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]))
    array([2.])
    """
    xp = array_namespace(logits, target)
    error = logits - target
    return 0.5 * xp.sum(error * error, axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = z - target``, (n, k)."""
    return logits - target
