"""The operations that everything exported is made of, each as NumPy has it.

They are few on purpose: the formulas of layers, columns and losses come apart into these, and a format has a row for each. An
operation is one of the array API standard, under its name there, but for "lookup" and "erf", which that lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

__all__ = ["BINARY", "COMPARISONS", "OPERATIONS", "UNARY"]

UNARY: Mapping[str, Callable[..., Any]] = {
    "negative": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "floor": np.floor,
    "erf": special.erf,
}
"""Of one array, element by element, with a result of its type."""

COMPARISONS: Mapping[str, Callable[..., Any]] = {
    "isnan": np.isnan,
    "isinf": np.isinf,
    "logical_not": np.logical_not,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
}
"""Of one array or two, element by element, with a truth value as result."""

BINARY: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floor_divide": np.floor_divide,  # whole numbers only; rounds down, also below 0
    "remainder": np.remainder,  # likewise; of the divisor's sign
    "minimum": np.minimum,
    "maximum": np.maximum,
}
"""Of two arrays of one type, element by element; shapes are broadcast."""


def _slice(x: np.ndarray, *, axis: int, start: int, stop: int) -> np.ndarray:
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _lookup(x: np.ndarray, *, codes: Mapping[str, int], otherwise: int, fold: bool) -> np.ndarray:
    return np.array([codes.get(text, otherwise) for text in x.ravel().tolist()], dtype=np.int64).reshape(x.shape)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **UNARY,
    **COMPARISONS,
    **BINARY,
    "where": np.where,
    "astype": lambda x, *, dtype: x.astype(dtype),
    "matmul": np.matmul,
    "reshape": lambda x, *, shape: x.reshape(shape),
    "permute_dims": lambda x, *, axes: np.transpose(x, axes),
    "concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "slice": _slice,
    # the second array has the places, along that axis of the first
    "take": lambda x, places, *, axis: np.take(x, places, axis=axis),
    # along one axis, which is kept with length 1
    "sum": lambda x, *, axis: np.sum(x, axis=axis, keepdims=True),
    "max": lambda x, *, axis: np.max(x, axis=axis, keepdims=True),
    # the first of equal ones; the axis is gone
    "argmax": lambda x, *, axis: np.argmax(x, axis=axis),
    # the whole number that stands for a text
    "lookup": _lookup,
}
"""Every operation by name."""
