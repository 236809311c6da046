"""A costly function of whole numbers, computed once for each of them instead of once a row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["by_value"]


def by_value(function: Callable[[np.ndarray], np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """``function(numbers)``, by way of a table where the numbers lie closer together than they are many.

    Parameters
    ----------
    function : callable
        Of ndarray of shape (n,) int64, whose results depend on each number alone; ndarray of shape (..., n).
    numbers : ndarray of shape (n,) int64
        At least one.

    Examples
    --------
    >>> by_value(lambda numbers: numbers**2, np.array([7, 8, 7])).tolist()
    [49, 64, 49]
    """
    low, high = int(numbers.min()), int(numbers.max())
    if high - low >= len(numbers):
        return function(numbers)
    return np.take(function(np.arange(low, high + 1)), numbers - low, axis=-1)
