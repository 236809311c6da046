"""Squared hinge: ``L = sum_k max(0, 1 - target_k z_k)^2``, targets -1 and +1 (Cortes & Vapnik 1995)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits and target (n, k).

    >>> import numpy as np
    >>> loss(np.array([[0.5], [2.0]]), np.array([[1.0], [1.0]]))
    array([0.25, 0.  ])
    """
    missing = _missing(logits, target)
    return array_namespace(logits, target).sum(missing * missing, axis=1)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz = -2 target max(0, 1 - target z)``, (n, k)."""
    return -2.0 * target * _missing(logits, target)


def _missing(logits: Array, target: Array) -> Array:
    """What the margin lacks to 1."""
    return array_namespace(logits, target).clip(1.0 - target * logits, min=0.0)
