"""Inverted dropout: dropped units are 0 and kept ones are scaled up, so inference needs no change (Srivastava et al. 2014)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["dropout_backward", "dropout_forward"]


def dropout_forward(x: Array, keep: Array, rate: Array | float) -> Array:
    """``out = x / (1 - rate)`` where ``keep``, else 0.

    Parameters
    ----------
    x : array of shape (n, width)
    keep : bool array of shape (n, width)
        From :func:`lamina.engine.randomness.keep_mask`, so that every executor drops the same units.
    rate : float in [0, 1), or such a scalar
        The probability of dropping a unit.

    Examples
    --------
    >>> import numpy as np
    >>> dropout_forward(np.array([[1.0, 2.0]]), np.array([[True, False]]), 0.5)
    array([[2., 0.]])
    """
    xp = array_namespace(x, keep)
    return xp.where(keep, x * (1.0 / (1.0 - rate)), 0.0)


def dropout_backward(d_out: Array, keep: Array, rate: Array | float) -> Array:
    """The gradient of :func:`dropout_forward` with respect to ``x``."""
    xp = array_namespace(d_out, keep)
    # out = x / (1 - rate) where keep, else 0
    return xp.where(keep, d_out * (1.0 / (1.0 - rate)), 0.0)
