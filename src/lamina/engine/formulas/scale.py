"""Scale: a learned factor per column (Holzmüller, Grinsztajn & Steinwart 2024, section 3), and a learned shift.

The adapters of an ensemble's members (Wen, Tran & Ba 2020, equation 5) are such factors: of columns that are the members' units,
side by side.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["scale_backward", "scale_forward"]


def scale_forward(x: Array, scale: Array, shift: Array | None = None) -> Array:
    """``out = x * scale + shift``; x (n, width), scale and shift (width,).

    >>> import numpy as np
    >>> scale_forward(np.array([[-2.0, 3.0]]), np.array([0.5, 2.0]))
    array([[-1.,  6.]])
    """
    out = x * scale
    return out if shift is None else out + shift


def scale_backward(d_out: Array, x: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Gradients of :func:`scale_forward`: ``(d_x, d_scale, d_shift)``."""
    xp = array_namespace(d_out, x, scale)
    # out = x * scale + shift
    return d_out * scale, xp.sum(d_out * x, axis=0), xp.sum(d_out, axis=0)
