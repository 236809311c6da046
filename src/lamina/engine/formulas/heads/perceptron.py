"""Perceptron loss: ``L = sum_k max(0, -target_k z_k)``, targets -1 and +1 (Rosenblatt 1958)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[0.25], [-2.0]]), np.array([[1.0], [1.0]]))
    array([0., 2.])
    """
    xp = array_namespace(logits, target)
    return xp.sum(xp.clip(-target * logits, min=0.0), axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = -target`` where ``target z <= 0``, else 0; (n, k). Were it 0 at 0, weights that start at 0 would never change."""
    xp = array_namespace(logits, target)
    return xp.where(target * logits <= 0.0, -target, 0.0)
