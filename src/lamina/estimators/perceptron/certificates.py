"""Proofs that a plane separates two classes, or that none can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["TOLERANCE", "CommonPoint", "SeparatingPlane", "scales"]

# How close the two means must be, relative to each feature's range. Cases between this and a plane that separates exactly are
# left undecided.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class SeparatingPlane:
    """The class lies strictly above the plane ``weights · x + bias = 0``, all other rows strictly below.

    Attributes
    ----------
    weights : ndarray of shape (n_features,)
    bias : float
    """

    weights: np.ndarray
    bias: float

    def verify(self, X: Any, sign: np.ndarray) -> bool:
        """Whether ``sign_i (weights · x_i + bias) > 0`` for every row."""
        return bool((sign * (X @ self.weights + self.bias) > 0).all())


@dataclass(frozen=True, slots=True)
class CommonPoint:
    """A point that is a convex combination of the class's rows, and also one of all other rows.

    Attributes
    ----------
    multipliers : ndarray of shape (n_samples,)
        >= 0, with sum 1 over the class's rows and sum 1 over the others. At most n_features + 2 of them are not zero, which
        Kirchberger (1903) proved to suffice.
    point : ndarray of shape (n_features,)
        The weighted mean of the class's rows.
    """

    multipliers: np.ndarray
    point: np.ndarray

    def verify(self, X: Any, sign: np.ndarray) -> bool:
        """Whether the two means coincide, to within 1e-9 of every feature's range."""
        above = np.where(sign > 0, self.multipliers, 0.0)
        below = self.multipliers - above
        gap = np.abs(X.T @ above - X.T @ below)
        is_convex = (self.multipliers >= 0).all() and np.allclose([above.sum(), below.sum()], 1.0, rtol=0.0, atol=TOLERANCE)
        return bool(is_convex and (gap <= TOLERANCE * scales(X)[1]).all())


def scales(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """The center and half the range (1 if constant) of each feature; for sparse rows 0 and the largest absolute value."""
    if not isinstance(X, np.ndarray):
        scale = np.asarray(abs(X).max(axis=0).toarray(), dtype=np.float64).ravel()
        return np.zeros_like(scale), np.where(scale > 0, scale, 1.0)
    low, high = X.min(axis=0), X.max(axis=0)
    half = 0.5 * high - 0.5 * low
    return low + half, np.where(half > 0, half, 1.0)
