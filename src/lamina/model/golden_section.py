"""The lowest point of a function of one number, without derivatives."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["golden_section"]

_GOLDEN = (5**0.5 - 1) / 2


def golden_section(f: Callable[[float], float], low: float, high: float, tol: float) -> float:
    """Where ``f``, which falls and then rises between ``low`` and ``high``, is lowest, to within ``tol``.

    Of two points inside, the interval ends at the one where f is higher; the other one divides what is left in the same ratio,
    so that each step costs one call (Kiefer 1953).

    >>> round(golden_section(lambda x: (x - 0.3) ** 2, 0.0, 1.0, 1e-6), 4)
    0.3
    """
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = f(left), f(right)
    while high - low > tol:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = f(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = f(right)
    return (low + high) / 2
