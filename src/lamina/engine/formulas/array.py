"""The arrays that formulas work on: any that follow the array API standard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, is_torch_array, is_torch_namespace

__all__ = [
    "Array",
    "Namespace",
    "array_namespace",
    "constants",
    "constants_held",
    "in_numpy",
    "is_torch_namespace",
    "sign",
    "sum_float64",
    "wide",
]

Array: TypeAlias = Any  # the standard has no static type yet: NumPy, array-api-strict, torch, ...
Namespace: TypeAlias = Any

_HELD: ContextVar[list[Array] | None] = ContextVar("constants held", default=None)


def wide(x: Array) -> Array:
    """``x`` in float64, or as it is on a device that has no such numbers."""
    xp = array_namespace(x)
    return x if str(x.device).startswith("mps") else xp.astype(x, xp.float64)


def sum_float64(x: Array) -> Array:
    """The sum of all elements, accumulated in float64 whatever the dtype of ``x`` (a 0-d array); see :func:`wide`."""
    return array_namespace(x).sum(wide(x))


def sign(x: Array) -> Array:
    """-1, 0 or 1, and NaN where ``x`` is.

    >>> sign(np.array([-2.0, 0.0, 0.5])).tolist()
    [-1.0, 0.0, 1.0]
    """
    xp = array_namespace(x)
    # the compatible one of torch asks the device where numbers are NaN
    return xp.where(xp.isnan(x), x, x.sign()) if is_torch_namespace(xp) else xp.sign(x)


def in_numpy(x: Array) -> np.ndarray:
    """The numbers as a NumPy array, which shares their memory if it can; those on a device are copied from there."""
    return np.asarray(x.cpu() if is_torch_array(x) else x)


def constants(numbers: tuple[float, ...], like: Array, dtype: Any = None) -> Array:
    """Numbers that never change, on the device and with the dtype of ``like`` unless another is given.

    Those of torch are copied to the device once, not in every step.

    >>> constants((1.0, 2.5), np.zeros(3, dtype=np.float32))
    array([1. , 2.5], dtype=float32)
    """
    xp = array_namespace(like)
    make = _kept if is_torch_namespace(xp) else _made
    found = make(xp, tuple(numbers), like.dtype if dtype is None else dtype, like.device)
    if (held := _HELD.get()) is not None:
        held.append(found)
    return found


@contextmanager
def constants_held() -> Iterator[list[Array]]:
    """Put all :func:`constants` that are used meanwhile into a list: a recording reads their memory, and does not keep it.

    >>> with constants_held() as held:
    ...     _ = constants((1.0,), np.zeros(1))
    >>> held
    [array([1.])]
    """
    held: list[Array] = []
    token = _HELD.set(held)
    try:
        yield held
    finally:
        _HELD.reset(token)


def _made(xp: Namespace, numbers: tuple[float, ...], dtype: Any, device: Any) -> Array:
    return xp.asarray(numbers, dtype=dtype, device=device)


_kept = lru_cache(maxsize=256)(_made)
