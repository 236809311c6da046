"""Periodic embeddings: numbers as sines and cosines of learned frequencies (Gorishniy, Rubachev & Babenko 2022, section 3.3)."""

from __future__ import annotations

import math

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["cosine_backward", "cosine_forward", "periodic_backward", "periodic_forward"]

_TURN = 2.0 * math.pi


def periodic_forward(x: Array, frequency: Array) -> Array:
    """``out_j = [sin(2 pi c_j x_j) | cos(2 pi c_j x_j)]`` for each column j, with its k frequencies c_j.

    Parameters
    ----------
    x : array of shape (n, width)
    frequency : array of shape (width, k)

    Returns
    -------
    array of shape (n, width * 2 k)

    Examples
    --------
    >>> import numpy as np
    >>> periodic_forward(np.array([[0.25]]), np.array([[1.0, 2.0]])).round(12)
    array([[ 1.,  0.,  0., -1.]])
    """
    xp = array_namespace(x, frequency)
    angle = _TURN * x[:, :, None] * frequency
    return _by_row(xp.concat([xp.sin(angle), xp.cos(angle)], axis=2))


def periodic_backward(d_out: Array, x: Array, frequency: Array, out: Array) -> tuple[Array, Array]:
    """Gradients of :func:`periodic_forward`: ``(d_x, d_frequency)``."""
    k = frequency.shape[1]
    d_out, out = _by_column(d_out, x.shape[1], 2 * k), _by_column(out, x.shape[1], 2 * k)
    # out = [sin(angle) | cos(angle)]
    d_angle = d_out[:, :, :k] * out[:, :, k:] - d_out[:, :, k:] * out[:, :, :k]
    return _angle_backward(d_angle, x, frequency)


def cosine_forward(x: Array, frequency: Array, phase: Array) -> Array:
    """``out_j = cos(2 pi c_j x_j + b_j)`` for each column j, with its k frequencies c_j and phases b_j.

    This is the first half of the embedding of Holzmüller, Grinsztajn & Steinwart 2024, section 3.

    Parameters
    ----------
    x : array of shape (n, width)
    frequency, phase : array of shape (width, k)

    Returns
    -------
    array of shape (n, width * k)

    Examples
    --------
    >>> import numpy as np
    >>> cosine_forward(np.array([[0.25]]), np.array([[1.0, 2.0]]), np.array([[np.pi, 0.0]])).round(12) + 0.0
    array([[ 0., -1.]])
    """
    xp = array_namespace(x, frequency, phase)
    return _by_row(xp.cos(_TURN * x[:, :, None] * frequency + phase))


def cosine_backward(d_out: Array, x: Array, frequency: Array, phase: Array) -> tuple[Array, Array, Array]:
    """Gradients of :func:`cosine_forward`: ``(d_x, d_frequency, d_phase)``."""
    xp = array_namespace(d_out, x, frequency, phase)
    # out = cos(angle)
    d_angle = -_by_column(d_out, *frequency.shape) * xp.sin(_TURN * x[:, :, None] * frequency + phase)
    return *_angle_backward(d_angle, x, frequency), xp.sum(d_angle, axis=0)


def _angle_backward(d_angle: Array, x: Array, frequency: Array) -> tuple[Array, Array]:
    """Gradients of the angle, ``2 pi x frequency``: ``(d_x, d_frequency)``."""
    xp = array_namespace(d_angle, x, frequency)
    return _TURN * xp.sum(d_angle * frequency, axis=2), _TURN * xp.sum(d_angle * x[:, :, None], axis=0)


def _by_row(x: Array) -> Array:
    """(n, width, k) as (n, width * k)."""
    return array_namespace(x).reshape(x, (x.shape[0], x.shape[1] * x.shape[2]))


def _by_column(x: Array, width: int, k: int) -> Array:
    """The inverse of :func:`_by_row`."""
    return array_namespace(x).reshape(x, (x.shape[0], width, k))
