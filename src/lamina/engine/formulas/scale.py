"""Scale: a learned factor per column (Holzmüller, Grinsztajn & Steinwart 2024, section 3)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["scale_backward", "scale_forward"]


def scale_forward(x: Array, scale: Array) -> Array:
    """``out = x * scale``; x (n, width), scale (width,).

    >>> import numpy as np
    >>> scale_forward(np.array([[-2.0, 3.0]]), np.array([0.5, 2.0]))
    array([[-1.,  6.]])
    """
    return x * scale


def scale_backward(d_out: Array, x: Array, scale: Array) -> tuple[Array, Array]:
    """Gradients of :func:`scale_forward`: ``(d_x, d_scale)``."""
    xp = array_namespace(d_out, x, scale)
    # out = x * scale
    return d_out * scale, xp.sum(d_out * x, axis=0)
