"""Dense: every output unit is a weighted sum of all inputs, plus a bias (Rosenblatt 1958; Rumelhart, Hinton & Williams 1986)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.bfloat16 import operands

__all__ = ["dense_backward", "dense_forward"]


def dense_forward(x: Array, weight: Array, bias: Array | None = None, *, mixed: bool = False) -> Array:
    """``out = x @ weight + bias``.

    Parameters
    ----------
    x : array of shape (n, in), or a SciPy CSR array if ``weight`` is a NumPy array
    weight : array of shape (in, out)
    bias : array of shape (out,), optional
    mixed : bool, default=False
        Whether both operands of the product are rounded to bfloat16.

    Returns
    -------
    array of shape (n, out)

    Examples
    --------
    >>> import numpy as np
    >>> dense_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    x, weight = operands(x, weight, columns=weight.shape[1], mixed=mixed)
    out = x @ weight
    return out if bias is None else out + bias


def dense_backward(
    d_out: Array, x: Array, weight: Array, *, needs_d_x: bool = True, needs_d_weight: bool = True, mixed: bool = False
) -> tuple[Array | None, Array | None, Array]:
    """Gradients of :func:`dense_forward`: ``(d_x, d_weight, d_bias)``.

    ``d_x`` is None unless ``needs_d_x``: a network's input data need no gradient, and that of sparse data would be dense.
    ``d_weight`` is None unless ``needs_d_weight``: weights may stand still. ``mixed`` rounds the operands of both products.
    """
    xp = array_namespace(d_out, weight)
    d_bias = xp.sum(d_out, axis=0)
    d_out, x, weight = operands(d_out, x, weight, columns=weight.shape[1], mixed=mixed)
    # out = x @ weight + bias
    d_x = d_out @ weight.T if needs_d_x else None
    d_weight = x.T @ d_out if needs_d_weight else None
    return d_x, d_weight, d_bias
