"""Gaussian negative log-likelihood: every target has a mean and a variance of its own (Nix & Weigend 1994, equation 3).

``L = sum_j 1/2 (log v_j + (target_j - z_j)^2 / v_j) + constant``, ``v_j = exp(s_j) + eps``: of the 2 k logits of a row, the first
k are the means z, the others s the logarithms of the variances.
"""

from __future__ import annotations

import math

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.links import sigmoid

__all__ = ["gradient", "loss"]


def loss(logits: Array, target: Array, eps: float, constant: float) -> Array:
    """The loss of each row (n,); logits (n, 2 k), target (n, k), ``eps`` > 0; ``constant`` is added for each target.

    >>> import numpy as np
    >>> loss(np.array([[1.0, np.log(4.0)]]), np.array([[3.0]]), 1e-12, 0.0).round(6)
    array([1.193147])
    """
    xp = array_namespace(logits, target)
    mean, log_variance = _moments(logits, eps)
    error = (mean - target) * xp.exp(-0.5 * log_variance)  # in deviations: the square of the whole difference might overflow
    return xp.sum(0.5 * (log_variance + error * error) + constant, axis=1)


def gradient(logits: Array, target: Array, eps: float, constant: float) -> Array:
    """``dL/dz = (z - target) / v`` and ``dL/ds = 1/2 (1 - (z - target)^2 / v) exp(s) / v``, side by side, (n, 2 k)."""
    xp = array_namespace(logits, target)
    mean, log_variance = _moments(logits, eps)
    precision = xp.exp(-0.5 * log_variance)
    error = (mean - target) * precision
    share = sigmoid(logits[:, mean.shape[1] :] - math.log(eps))  # exp(s) / v
    return xp.concat([error * precision, 0.5 * (share - share * error * error)], axis=1)


def _moments(logits: Array, eps: float) -> tuple[Array, Array]:
    """The means z, and ``log v = log(exp(s) + eps)``, which never overflows; both (n, k)."""
    xp = array_namespace(logits)
    width = logits.shape[1] // 2
    s, floor = logits[:, width:], math.log(eps)
    return logits[:, :width], xp.clip(s, min=floor) + xp.log1p(xp.exp(-xp.abs(s - floor)))
