"""Batch normalization: normalizes every unit to mean 0 and variance 1 over the batch (Ioffe & Szegedy 2015, algorithms 1, 2)."""

from __future__ import annotations

from typing import NamedTuple

from lamina.engine.formulas.array import Array, array_namespace

__all__ = [
    "BatchStatistics",
    "batch_norm_backward",
    "batch_norm_forward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
    "update_running",
]


class BatchStatistics(NamedTuple):
    """Kept for the backward pass: ``normalized`` (n, width); ``mean``, ``variance`` and ``inverse_deviation`` (width,)."""

    normalized: Array
    mean: Array
    variance: Array
    inverse_deviation: Array


def batch_norm_forward(
    x: Array, gamma: Array | None = None, beta: Array | None = None, *, eps: float
) -> tuple[Array, BatchStatistics]:
    """``out = gamma * (x - mean) / sqrt(variance + eps) + beta``, with the mean and biased variance of the batch's columns.

    Parameters
    ----------
    x : array of shape (n, width)
    gamma, beta : arrays of shape (width,), optional
        The learned scale and shift; 1 and 0 if omitted.
    eps : float > 0

    Returns
    -------
    out : array of shape (n, width)
    statistics : BatchStatistics

    Examples
    --------
    >>> import numpy as np
    >>> out, statistics = batch_norm_forward(np.array([[1.0], [3.0]]), eps=0.0)
    >>> out.tolist(), statistics.mean.tolist(), statistics.variance.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])
    """
    xp = array_namespace(x)
    mean = xp.mean(x, axis=0)
    centered = x - mean
    variance = xp.mean(centered * centered, axis=0)
    inverse_deviation = 1.0 / xp.sqrt(variance + eps)
    normalized = centered * inverse_deviation
    return scale_and_shift(normalized, gamma, beta), BatchStatistics(normalized, mean, variance, inverse_deviation)


def batch_norm_backward(d_out: Array, statistics: BatchStatistics, gamma: Array | None = None) -> tuple[Array, Array, Array]:
    """Gradients of :func:`batch_norm_forward`: ``(d_x, d_gamma, d_beta)``.

    The mean and the variance depend on ``x`` too, which removes the mean of ``d_normalized`` and its part along ``normalized``.
    """
    xp = array_namespace(d_out)
    # out = gamma * normalized + beta
    d_beta = xp.sum(d_out, axis=0)
    d_gamma = xp.sum(d_out * statistics.normalized, axis=0)
    d_normalized = d_out if gamma is None else d_out * gamma
    # normalized = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps)
    along = xp.mean(d_normalized * statistics.normalized, axis=0)
    centered = d_normalized - xp.mean(d_normalized, axis=0)
    d_x = (centered - statistics.normalized * along) * statistics.inverse_deviation
    return d_x, d_gamma, d_beta


def update_running(running: Array, observed: Array, momentum: float) -> Array:
    """``momentum * running + (1 - momentum) * observed``: ``momentum`` weighs the *old* value (Keras; torch's is 1 minus it).

    >>> import numpy as np
    >>> update_running(np.array([0.0]), np.array([2.0]), 0.75)
    array([0.5])
    """
    return momentum * running + (1.0 - momentum) * observed


def batch_norm_inference(
    x: Array, mean: Array, variance: Array, gamma: Array | None = None, beta: Array | None = None, *, eps: float
) -> tuple[Array, BatchStatistics]:
    """:func:`batch_norm_forward` with running statistics, not the batch's: each output row depends on its input row alone."""
    xp = array_namespace(x)
    inverse_deviation = 1.0 / xp.sqrt(variance + eps)
    normalized = (x - mean) * inverse_deviation
    return scale_and_shift(normalized, gamma, beta), BatchStatistics(normalized, mean, variance, inverse_deviation)


def batch_norm_inference_backward(
    d_out: Array, statistics: BatchStatistics, gamma: Array | None = None
) -> tuple[Array, Array, Array]:
    """Gradients of :func:`batch_norm_inference`, whose statistics are constants."""
    xp = array_namespace(d_out)
    # out = gamma * (x - mean) * inverse_deviation + beta
    d_normalized = d_out if gamma is None else d_out * gamma
    return d_normalized * statistics.inverse_deviation, xp.sum(d_out * statistics.normalized, axis=0), xp.sum(d_out, axis=0)


def scale_and_shift(normalized: Array, gamma: Array | None, beta: Array | None) -> Array:
    """``gamma * normalized + beta``, without a factor or term that is None."""
    scaled = normalized if gamma is None else gamma * normalized
    return scaled if beta is None else scaled + beta
