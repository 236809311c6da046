"""Penalties that shrink weights toward 0, and the max-norm bound on the weights into a unit.

A penalty is ``sum l1 |w| + 1/2 l2 w^2`` over the flat vector of weights: L1 is the lasso (Tibshirani 1996), L2 is ridge or
Tikhonov (Hoerl & Kennard 1970), and both together are the elastic net (Zou & Hastie 2005). Training steps follow the gradient of
L2 alone, and shrink the weights for L1 afterwards: ``shrinkage``.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace, sign, sum_float64, wide

__all__ = ["max_norm", "penalty", "penalty_gradient"]


def penalty(w: Array, l1: Array | float, l2: Array | float) -> Array:
    """``sum l1 |w| + 1/2 l2 w^2``, summed in float64; ``l1`` and ``l2`` are numbers or vectors like ``w``.

    >>> import numpy as np
    >>> float(penalty(np.array([-2.0, 1.0]), 1.0, np.array([1.0, 0.0])))
    5.0
    """
    numbers = wide(w)
    return sum_float64(l1 * array_namespace(w).abs(numbers) + 0.5 * l2 * numbers * numbers)


def penalty_gradient(w: Array, l1: Array | float, l2: Array | float) -> Array:
    """``l1 sign(w) + l2 w``; 0 at the kink of ``|w|``.

    >>> import numpy as np
    >>> penalty_gradient(np.array([-2.0, 0.0]), 1.0, 0.5)
    array([-2.,  0.])
    """
    # penalty = sum l1 |w| + 1/2 l2 w^2
    return l1 * sign(w) + l2 * w


def max_norm(weight: Array, bound: float) -> Array:
    """Scale columns (the weights into one unit) with a norm above ``bound`` to it (Srebro et al. 2005; Srivastava et al. 2014).

    A vector counts as a matrix with one row; of several matrices, each has its own columns.

    >>> import numpy as np
    >>> max_norm(np.array([[3.0, 0.3], [4.0, 0.4]]), 1.0)
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """
    xp = array_namespace(weight)
    rows = weight if weight.ndim > 1 else xp.reshape(weight, (1, -1))
    norm = xp.sqrt(xp.sum(rows * rows, axis=-2, keepdims=True))
    # Where squares overflow, those of elements divided by the largest first do not
    most = xp.max(xp.abs(rows), axis=-2, keepdims=True)
    most = xp.where(most > 0, most, 1.0)
    shares = rows / most
    length = xp.sqrt(xp.sum(shares * shares, axis=-2, keepdims=True))
    factor = bound / most / xp.where(length > 0, length, 1.0)
    rows = xp.where(xp.isfinite(norm), rows, rows * factor)
    norm = xp.where(xp.isfinite(norm), norm, bound)
    # torch takes a number divided by an array for its reciprocal, times the number
    factor = xp.where(norm > bound, xp.full_like(norm, bound) / xp.where(norm > 0, norm, 1.0), 1.0)
    return xp.reshape(rows * factor, weight.shape)
