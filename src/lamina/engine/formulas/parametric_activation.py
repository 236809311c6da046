"""Parametric activation: units blend a function with the identity (Holzmüller, Grinsztajn & Steinwart 2024, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.formulas.activation import activation_backward, activation_forward
from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["parametric_activation_backward", "parametric_activation_forward"]


def parametric_activation_forward(x: Array, alpha: Array, function: str, settings: Sequence[float] = ()) -> Array:
    """``out = (1 - alpha) * x + alpha * f(x)``, which is ``x + alpha * (f(x) - x)``; x (n, width), alpha (width,).

    >>> import numpy as np
    >>> parametric_activation_forward(np.array([[-2.0, -2.0, 3.0]]), np.array([1.0, 0.5, 0.5]), "relu")
    array([[ 0., -1.,  3.]])
    """
    return (1.0 - alpha) * x + alpha * activation_forward(x, function, settings)


def parametric_activation_backward(
    d_out: Array, x: Array, alpha: Array, function: str, settings: Sequence[float] = ()
) -> tuple[Array, Array]:
    """Gradients of :func:`parametric_activation_forward`: ``(d_x, d_alpha)``."""
    xp = array_namespace(d_out, x, alpha)
    # out = (1 - alpha) * x + alpha * f(x)
    d_x = (1.0 - alpha) * d_out + activation_backward(alpha * d_out, x, function, settings)
    d_alpha = xp.sum(d_out * (activation_forward(x, function, settings) - x), axis=0)
    return d_x, d_alpha
