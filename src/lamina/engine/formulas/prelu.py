"""PReLU: a leaky ReLU with a learned slope per unit (He, Zhang, Ren & Sun 2015, equation 1)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["prelu_backward", "prelu_forward"]


def prelu_forward(x: Array, slope: Array) -> Array:
    """``out = x`` where ``x > 0``, else ``slope * x``; x (n, width), slope (width,).

    >>> import numpy as np
    >>> prelu_forward(np.array([[-2.0, 3.0]]), np.array([0.25, 0.25]))
    array([[-0.5,  3. ]])
    """
    xp = array_namespace(x, slope)
    return xp.where(x > 0, x, slope * x)


def prelu_backward(d_out: Array, x: Array, slope: Array) -> tuple[Array, Array]:
    """Gradients of :func:`prelu_forward`: ``(d_x, d_slope)``; at 0 the derivative is ``slope``, as in torch."""
    xp = array_namespace(d_out, x, slope)
    # out = x where x > 0, else slope * x
    d_x = xp.where(x > 0, d_out, slope * d_out)
    d_slope = xp.sum(xp.where(x > 0, 0.0, x * d_out), axis=0)
    return d_x, d_slope
