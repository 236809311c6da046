"""Inverse links: from logits to predictions (McCullagh & Nelder 1989, section 2.2)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["log_sum_exp", "sigmoid", "softmax"]


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow: only ``exp(-|x|)`` is computed.

    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    xp = array_namespace(x)
    small = xp.exp(-xp.abs(x))
    return xp.where(x < 0, small, 1.0) / (1.0 + small)


def softmax(x: Array) -> Array:
    """``exp(x_k) / sum_j exp(x_j)`` along the last axis, shifted by the row's maximum so that nothing overflows.

    >>> import numpy as np
    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """
    xp = array_namespace(x)
    exponential = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return exponential / xp.sum(exponential, axis=-1, keepdims=True)


def log_sum_exp(x: Array) -> Array:
    """``log sum_j exp(x_j)`` along the last axis, which is kept with length 1.

    >>> import numpy as np
    >>> log_sum_exp(np.array([[0.0, 0.0], [1000.0, -1000.0]]))
    array([[6.93147181e-01],
           [1.00000000e+03]])
    """
    xp = array_namespace(x)
    largest = xp.max(x, axis=-1, keepdims=True)
    return largest + xp.log(xp.sum(xp.exp(x - largest), axis=-1, keepdims=True))
