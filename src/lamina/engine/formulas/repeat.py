"""Repeat: the same columns for every member of an ensemble (Gorishniy, Kotelnikov & Babenko 2025, section 3)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["repeat_backward", "repeat_forward"]


def repeat_forward(x: Array, copies: int) -> Array:
    """``out = [x | x | ...]``; x (n, width), out (n, copies * width).

    >>> import numpy as np
    >>> repeat_forward(np.array([[1.0, 2.0]]), 2)
    array([[1., 2., 1., 2.]])
    """
    return array_namespace(x).concat([x] * copies, axis=1)


def repeat_backward(d_out: Array, copies: int) -> Array:
    """The gradient of :func:`repeat_forward`: the sum over the copies."""
    xp = array_namespace(d_out)
    # out = [x | x | ...]
    return xp.sum(xp.reshape(d_out, (d_out.shape[0], copies, d_out.shape[1] // copies)), axis=1)
