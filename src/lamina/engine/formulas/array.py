"""The arrays that formulas work on: any that follow the array API standard."""

from __future__ import annotations

from typing import Any, TypeAlias

from array_api_compat import array_namespace

__all__ = ["Array", "Namespace", "array_namespace", "sum_float64"]

Array: TypeAlias = Any  # the standard has no static type yet: NumPy, array-api-strict, torch, ...
Namespace: TypeAlias = Any


def sum_float64(x: Array) -> Array:
    """The sum of all elements, accumulated in float64 whatever the dtype of ``x`` (a 0-d array)."""
    xp = array_namespace(x)
    return xp.sum(xp.astype(x, xp.float64))
