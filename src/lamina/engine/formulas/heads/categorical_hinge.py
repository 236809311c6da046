"""Hinge for one class out of several: ``L = max(0, 1 + max_(k != c) z_k - z_c)``, c the right class (Crammer & Singer 2001)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array) -> Array:
    """The loss of each row (n,); logits (n, k), target (n, 1) with the index of the class.

    >>> import numpy as np
    >>> loss(np.array([[0.5, 0.0, -3.0], [0.0, 2.0, 0.0]]), np.array([[0.0], [1.0]]))
    array([0.5, 0. ])
    """
    xp = array_namespace(logits, target)
    return xp.clip(1.0 + _lead(logits, _is_right(logits, target)), min=0.0)


def gradient(logits: Array, target: Array) -> Array:
    """``dL/dz``: -1 for the right class, 1 for the largest other (the first of equals) where ``1 + max z_k - z_c >= 0``, else 0.

    At the kink, where the lead is exactly 1, it is that of rows that lack something, as with the hinge of two classes.
    """
    xp = array_namespace(logits, target)
    is_right = _is_right(logits, target)
    others = xp.where(is_right, -xp.inf, logits)
    columns = xp.arange(logits.shape[1], device=logits.device)
    is_rival = columns[None, :] == xp.argmax(others, axis=1, keepdims=True)
    counts = 1.0 + _lead(logits, is_right) >= 0.0
    d_logits = xp.astype(is_rival, logits.dtype) - xp.astype(is_right, logits.dtype)
    return xp.where(counts[:, None], d_logits, 0.0)


def _is_right(logits: Array, target: Array) -> Array:
    """Whether a column is that of the row's class, (n, k)."""
    classes = array_namespace(logits, target).arange(logits.shape[1], dtype=target.dtype, device=target.device)
    return target == classes[None, :]


def _lead(logits: Array, is_right: Array) -> Array:
    """How far the largest other class is ahead of the right one, (n,)."""
    xp = array_namespace(logits)
    own = xp.sum(xp.where(is_right, logits, 0.0), axis=1)
    return xp.max(xp.where(is_right, -xp.inf, logits), axis=1) - own
