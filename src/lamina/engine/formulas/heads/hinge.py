"""Hinge: ``L = sum_k max(0, 1 - target_k z_k)``, targets -1 and +1 (Cortes & Vapnik 1995)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[0.25], [2.0]]), np.array([[1.0], [1.0]]))
    array([0.75, 0.  ])
    """
    xp = array_namespace(logits, target)
    return xp.sum(xp.clip(1.0 - target * logits, min=0.0), axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = -target`` where ``target z <= 1``, else 0; (n, k). At the kink it is ``-target``, as in scikit-learn."""
    xp = array_namespace(logits, target)
    return xp.where(target * logits <= 1.0, -target, 0.0)
