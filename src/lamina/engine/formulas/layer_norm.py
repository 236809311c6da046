"""Layer normalization: normalizes every row to mean 0 and variance 1 over its units (Ba, Kiros & Hinton 2016, equations 3, 4)."""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.batch_norm import scale_and_shift

__all__ = ["layer_norm_backward", "layer_norm_forward"]


def layer_norm_forward(
    x: Array, gamma: Array | None = None, beta: Array | None = None, *, eps: float
) -> tuple[Array, Array, Array]:
    """``out = gamma * (x - mean) / sqrt(variance + eps) + beta``, with the mean and biased variance of each row.

    Parameters
    ----------
    x : array of shape (n, width)
    gamma, beta : arrays of shape (width,), optional
        The learned scale and shift of each unit; 1 and 0 if omitted.
    eps : float > 0

    Returns
    -------
    out : array of shape (n, width)
    normalized : array of shape (n, width)
    inverse_deviation : array of shape (n, 1)

    Examples
    --------
    >>> import numpy as np
    >>> layer_norm_forward(np.array([[1.0, 3.0]]), eps=0.0)[0]
    array([[-1.,  1.]])
    """
    xp = array_namespace(x)
    centered = x - xp.mean(x, axis=1, keepdims=True)
    variance = xp.mean(centered * centered, axis=1, keepdims=True)
    inverse_deviation = 1.0 / xp.sqrt(variance + eps)
    normalized = centered * inverse_deviation
    return scale_and_shift(normalized, gamma, beta), normalized, inverse_deviation


def layer_norm_backward(
    d_out: Array, normalized: Array, inverse_deviation: Array, gamma: Array | None = None
) -> tuple[Array, Array, Array]:
    """Gradients of :func:`layer_norm_forward`: ``(d_x, d_gamma, d_beta)``."""
    xp = array_namespace(d_out)
    # out = gamma * normalized + beta
    d_beta = xp.sum(d_out, axis=0)
    d_gamma = xp.sum(d_out * normalized, axis=0)
    d_normalized = d_out if gamma is None else d_out * gamma
    # normalized = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps), means along the row
    along = xp.mean(d_normalized * normalized, axis=1, keepdims=True)
    centered = d_normalized - xp.mean(d_normalized, axis=1, keepdims=True)
    return (centered - normalized * along) * inverse_deviation, d_gamma, d_beta
