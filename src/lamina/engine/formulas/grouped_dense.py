"""Grouped dense: the columns fall into groups, and each group has weights and outputs of its own.

The members of an ensemble end in such a layer (Gorishniy, Kotelnikov & Babenko 2025, section 3): a group a member.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.bfloat16 import operands

__all__ = ["grouped_dense_backward", "grouped_dense_forward"]


def grouped_dense_forward(x: Array, weight: Array, bias: Array | None = None, *, mixed: bool = False) -> Array:
    """``out_g = x_g @ weight_g + bias_g`` for each group g.

    Parameters
    ----------
    x : array of shape (n, groups * in)
    weight : array of shape (groups, in, out)
    bias : array of shape (groups, out), optional
    mixed : bool, default=False
        Whether both operands of the products are rounded to bfloat16.

    Returns
    -------
    array of shape (n, groups * out)

    Examples
    --------
    >>> import numpy as np
    >>> grouped_dense_forward(np.array([[1.0, 2.0]]), np.array([[[3.0]], [[4.0]]]), np.array([[0.5], [0.0]]))
    array([[3.5, 8. ]])
    """
    xp = array_namespace(x, weight)
    x, weight = operands(x, weight, columns=weight.shape[2], mixed=mixed)
    out = _by_row(_by_group(x, weight.shape[0]) @ weight)
    return out if bias is None else out + xp.reshape(bias, (-1,))


def grouped_dense_backward(d_out: Array, x: Array, weight: Array, *, mixed: bool = False) -> tuple[Array, Array, Array]:
    """Gradients of :func:`grouped_dense_forward`: ``(d_x, d_weight, d_bias)``."""
    xp = array_namespace(d_out, weight)
    d_bias = xp.sum(_by_group(d_out, weight.shape[0]), axis=1)
    d_out, x, weight = operands(d_out, x, weight, columns=weight.shape[2], mixed=mixed)
    x_g, d_out_g = _by_group(x, weight.shape[0]), _by_group(d_out, weight.shape[0])
    # out_g = x_g @ weight_g + bias_g
    d_x = _by_row(d_out_g @ xp.matrix_transpose(weight))
    return d_x, xp.matrix_transpose(x_g) @ d_out_g, d_bias


def _by_group(x: Array, groups: int) -> Array:
    """(n, groups * width) as (groups, n, width)."""
    xp = array_namespace(x)
    return xp.permute_dims(xp.reshape(x, (x.shape[0], groups, x.shape[1] // groups)), (1, 0, 2))


def _by_row(x: Array) -> Array:
    """The inverse of :func:`_by_group`."""
    xp = array_namespace(x)
    return xp.reshape(xp.permute_dims(x, (1, 0, 2)), (x.shape[1], x.shape[0] * x.shape[2]))
