"""Arrays without numbers: each knows by which operation it is made, and of which arrays.

This module is a library of the array API standard, as far as Lamina's formulas use it. Given such arrays, a formula computes
nothing, but leaves behind the steps of its computation. So what is exported is what the engine computes, and no formula is
written again.
"""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from lamina.export.operations import OPERATIONS

__all__ = ["TEXT", "Array", "Rows", "constant", "input_array", "lookup", "steps_to"]

TEXT = np.dtype(object)
"""The type of arrays of text."""

float32, float64, int64, bool_ = (np.dtype(name) for name in ("float32", "float64", "int64", "bool"))
nan, inf, pi = math.nan, math.inf, math.pi
finfo = np.finfo


@dataclass(frozen=True)
class Rows:
    """A length that is so many times the number of rows, which nobody knows yet."""

    times: int = 1

    def __mul__(self, factor: int) -> Rows:
        return Rows(self.times * factor)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Rows:
        if self.times % divisor:
            raise NotImplementedError(f"a part of {self.times} times the rows, {divisor}")
        return Rows(self.times // divisor)


Length: TypeAlias = int | Rows
Shape: TypeAlias = tuple[Length, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Array:
    """An array that is made by an operation; or a constant, with its ``value``; or an input, which has neither.

    ``kind`` is a key of :data:`lamina.export.operations.OPERATIONS`, "constant" or "input"; ``name`` is that of an input or a
    constant, if it has one.
    """

    kind: str
    dtype: np.dtype
    shape: Shape
    inputs: tuple[Array, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    value: np.ndarray | None = None
    name: str = ""

    device = None

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        return sys.modules[__name__]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def T(self) -> Array:  # noqa: N802
        return matrix_transpose(self)

    def __add__(self, other: Any) -> Array:
        return add(self, other)

    def __radd__(self, other: Any) -> Array:
        return add(other, self)

    def __sub__(self, other: Any) -> Array:
        return subtract(self, other)

    def __rsub__(self, other: Any) -> Array:
        return subtract(other, self)

    def __mul__(self, other: Any) -> Array:
        return multiply(self, other)

    def __rmul__(self, other: Any) -> Array:
        return multiply(other, self)

    def __truediv__(self, other: Any) -> Array:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Array:
        return divide(other, self)

    def __floordiv__(self, other: Any) -> Array:
        return _binary("floor_divide", self, other)

    def __mod__(self, other: Any) -> Array:
        return _binary("remainder", self, other)

    def __pow__(self, other: int) -> Array:
        if other != 2:
            raise NotImplementedError(f"the power {other}")
        return multiply(self, self)

    def __matmul__(self, other: Array) -> Array:
        return matmul(self, other)

    def __neg__(self) -> Array:
        return negative(self)

    def __invert__(self) -> Array:
        return logical_not(self)

    def __and__(self, other: Array) -> Array:
        return logical_and(self, other)

    def __or__(self, other: Array) -> Array:
        return logical_or(self, other)

    def __lt__(self, other: Any) -> Array:
        return _binary("less", self, other, bool_)

    def __le__(self, other: Any) -> Array:
        return _binary("less_equal", self, other, bool_)

    def __gt__(self, other: Any) -> Array:
        return _binary("greater", self, other, bool_)

    def __ge__(self, other: Any) -> Array:
        return _binary("greater_equal", self, other, bool_)

    def __eq__(self, other: object) -> Array:  # type: ignore[override]  # element by element, as the standard has it
        return _binary("equal", self, other, bool_)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]
        return logical_not(_binary("equal", self, other, bool_))

    __hash__ = object.__hash__  # dicts ask for equality only where hashes are equal, which those of two arrays never are

    def __bool__(self) -> bool:
        raise NotImplementedError("a decision that depends on the rows")

    def __getitem__(self, key: Any) -> Array:
        return _item(self, key if isinstance(key, tuple) else (key,))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError("writing into an array")


def constant(value: Any, dtype: Any = None, name: str = "") -> Array:
    """The array of these numbers, truth values or texts."""
    array = np.asarray(value, dtype=dtype)
    if array.dtype.kind in "UT":
        array = array.astype(object)
    return Array("constant", array.dtype, array.shape, value=array, name=name)


def input_array(name: str, dtype: Any, shape: Shape) -> Array:
    """An array that whoever runs the computation gives."""
    return Array("input", np.dtype(dtype), shape, name=name)


def steps_to(arrays: Iterable[Array]) -> list[Array]:
    """All arrays that these are made of, and these, each after those that it is made of."""
    found: dict[Array, None] = {}
    waiting = [(array, False) for array in reversed(list(arrays))]
    while waiting:
        array, is_ready = waiting.pop()
        if is_ready:
            found[array] = None
        elif array not in found:
            waiting.append((array, True))
            waiting.extend((each, False) for each in reversed(array.inputs))
    return list(found)


# What the standard has, under its names.


def _unary(kind: str, x: Array) -> Array:
    return _made(kind, (x,), x.dtype, x.shape)


def negative(x: Array) -> Array:
    return _unary("negative", x)


def abs(x: Array) -> Array:
    return _unary("abs", x)


def exp(x: Array) -> Array:
    return _unary("exp", x)


def expm1(x: Array) -> Array:
    return _unary("expm1", x)


def log(x: Array) -> Array:
    return _unary("log", x)


def log1p(x: Array) -> Array:
    return _unary("log1p", x)


def sqrt(x: Array) -> Array:
    return _unary("sqrt", x)


def sin(x: Array) -> Array:
    return _unary("sin", x)


def cos(x: Array) -> Array:
    return _unary("cos", x)


def tanh(x: Array) -> Array:
    return _unary("tanh", x)


def floor(x: Array) -> Array:
    return _unary("floor", x)


def erf(x: Array) -> Array:
    """The error function, which the standard lacks and the formulas use where a library has it."""
    return _unary("erf", x)


def isnan(x: Array) -> Array:
    return _made("isnan", (x,), bool_, x.shape)


def isinf(x: Array) -> Array:
    return _made("isinf", (x,), bool_, x.shape)


def logical_not(x: Array) -> Array:
    return _made("logical_not", (x,), bool_, x.shape)


def logical_and(x: Any, y: Any) -> Array:
    return _binary("logical_and", x, y, bool_)


def logical_or(x: Any, y: Any) -> Array:
    return _binary("logical_or", x, y, bool_)


def add(x: Any, y: Any) -> Array:
    return _binary("add", x, y)


def subtract(x: Any, y: Any) -> Array:
    return _binary("subtract", x, y)


def multiply(x: Any, y: Any) -> Array:
    return _binary("multiply", x, y)


def divide(x: Any, y: Any) -> Array:
    return _binary("divide", x, y)


def minimum(x: Any, y: Any) -> Array:
    return _binary("minimum", x, y)


def maximum(x: Any, y: Any) -> Array:
    return _binary("maximum", x, y)


def clip(x: Array, min: Any = None, max: Any = None) -> Array:
    """``x`` within bounds; NaN stays NaN."""
    above = x if min is None else maximum(x, min)
    return above if max is None else minimum(above, max)


def where(condition: Array, x: Any, y: Any) -> Array:
    """``x`` where the condition holds, else ``y``."""
    x, y = _alike(x, y)
    return _made("where", (condition, x, y), x.dtype, _broadcast(condition.shape, x.shape, y.shape))


def astype(x: Array, dtype: Any) -> Array:
    return x if x.dtype == dtype else _made("astype", (x,), np.dtype(dtype), x.shape, dtype=np.dtype(dtype))


def asarray(x: Any, dtype: Any = None, device: None = None) -> Array:
    """A constant."""
    return x if isinstance(x, Array) else constant(x, dtype)


def full_like(x: Array, value: float) -> Array:
    """One number, which is as good as many: it is broadcast."""
    return constant(value, x.dtype)


def ones_like(x: Array) -> Array:
    return full_like(x, 1)


def zeros_like(x: Array) -> Array:
    return full_like(x, 0)


def reshape(x: Array, shape: Sequence[Length]) -> Array:
    whole = _size(x.shape)
    given = _size([length for length in shape if length != -1])
    rest = tuple(_divided(whole, given) if length == -1 else length for length in shape)
    return x if rest == x.shape else _made("reshape", (x,), x.dtype, rest, shape=rest)


def permute_dims(x: Array, axes: Sequence[int]) -> Array:
    return _made("permute_dims", (x,), x.dtype, tuple(x.shape[axis] for axis in axes), axes=tuple(axes))


def matrix_transpose(x: Array) -> Array:
    *before, rows, columns = range(x.ndim)
    return permute_dims(x, (*before, columns, rows))


def matmul(x: Array, y: Array) -> Array:
    shape = (*_broadcast(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    return _made("matmul", _alike(x, y), np.result_type(x.dtype, y.dtype), shape)


def concat(arrays: Sequence[Array], *, axis: int = 0) -> Array:
    first = arrays[0]
    if len(arrays) == 1:
        return first
    axis %= first.ndim
    length = builtins.sum(array.shape[axis] for array in arrays)  # type: ignore[misc]  # rows are never set one below the other
    shape = (*first.shape[:axis], length, *first.shape[axis + 1 :])
    return _made("concat", tuple(arrays), first.dtype, shape, axis=axis)


def stack(arrays: Sequence[Array], *, axis: int = 0) -> Array:
    shape = arrays[0].shape
    axis %= len(shape) + 1
    return concat([reshape(array, (*shape[:axis], 1, *shape[axis:])) for array in arrays], axis=axis)


def take(x: Array, places: Array, *, axis: int = 0) -> Array:
    """The parts of ``x`` at the ``places`` along an axis."""
    axis %= x.ndim
    shape = (*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])
    return _made("take", (x, places), x.dtype, shape, axis=axis)


def sum(x: Any, *, axis: int, keepdims: bool = False) -> Array:
    return _along("sum", x, axis, keepdims)


def max(x: Array, *, axis: int, keepdims: bool = False) -> Array:
    return _along("max", x, axis, keepdims)


def mean(x: Array, *, axis: int, keepdims: bool = False) -> Array:
    return _along("sum", x, axis, keepdims) / _whole(x.shape[axis])


def argmax(x: Array, *, axis: int) -> Array:
    axis %= x.ndim
    return _made("argmax", (x,), int64, (*x.shape[:axis], *x.shape[axis + 1 :]), axis=axis)


def searchsorted(x1: Array, x2: Array, *, side: str = "left") -> Array:
    """How many of the sorted ``x1`` (m,) lie below each of ``x2``, or are equal to it."""
    column = x2[..., None]
    return sum(astype(x1 <= column if side == "right" else x1 < column, int64), axis=-1)


def lookup(x: Array, codes: Mapping[str, int], otherwise: int, *, fold: bool = False) -> Array:
    """The whole number of each text; with ``fold``, a text is also looked up in lower case by what can do so."""
    return _made("lookup", (x,), int64, x.shape, codes=dict(codes), otherwise=otherwise, fold=fold)


# How they are made.


def _made(kind: str, inputs: tuple[Array, ...], dtype: np.dtype, shape: Shape, /, **settings: Any) -> Array:
    """The array; what is made of constants alone is a constant."""
    values = [array.value for array in inputs if array.value is not None]
    if len(values) < len(inputs):
        return Array(kind, dtype, shape, inputs, settings)
    with np.errstate(all="ignore"):
        value = np.asarray(OPERATIONS[kind](*values, **settings))
    return constant(value, dtype, inputs[0].name if kind in ("reshape", "astype") else "")


def _binary(kind: str, x: Any, y: Any, dtype: np.dtype | None = None) -> Array:
    x, y = _alike(x, y)
    return _made(kind, (x, y), x.dtype if dtype is None else dtype, _broadcast(x.shape, y.shape))


def _alike(x: Any, y: Any) -> tuple[Array, Array]:
    """Both as arrays of one type; a plain number takes that of the other."""
    if not isinstance(x, Array):
        x = constant(x, None if isinstance(x, np.ndarray) else y.dtype)
    if not isinstance(y, Array):
        y = constant(y, None if isinstance(y, np.ndarray) else x.dtype)
    if x.dtype == y.dtype:
        return x, y
    common = np.result_type(x.dtype, y.dtype)
    return astype(x, common), astype(y, common)


def _broadcast(*shapes: Shape) -> Shape:
    most = builtins.max(len(shape) for shape in shapes)
    padded = [(1,) * (most - len(shape)) + shape for shape in shapes]
    return tuple(next((length for length in lengths if length != 1), 1) for lengths in zip(*padded, strict=True))


def _along(kind: str, x: Array, axis: int, keepdims: bool) -> Array:
    axis %= x.ndim
    kept = _made(kind, (x,), x.dtype, (*x.shape[:axis], 1, *x.shape[axis + 1 :]), axis=axis)
    return kept if keepdims else reshape(kept, (*x.shape[:axis], *x.shape[axis + 1 :]))


def _item(x: Array, keys: tuple[Any, ...]) -> Array:
    """Slices along axes, single places, whose axis goes, and new axes."""
    given = builtins.sum(key is not None and key is not Ellipsis for key in keys)
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys = (*keys[:at], *(slice(None),) * (x.ndim - given), *keys[at + 1 :])
    else:
        keys = (*keys, *(slice(None),) * (x.ndim - given))
    axis, shape = 0, list[Length]()
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        x = _cut(x, axis, slice(key, key + 1) if isinstance(key, int) else key)
        if isinstance(key, slice):
            shape.append(x.shape[axis])
        axis += 1
    return reshape(x, shape)


def _cut(x: Array, axis: int, part: slice) -> Array:
    if part == slice(None):
        return x
    start, stop, step = part.indices(_whole(x.shape[axis]))
    if step != 1:
        raise NotImplementedError(f"every {step}th of an array")
    shape = (*x.shape[:axis], stop - start, *x.shape[axis + 1 :])
    return x if shape == x.shape else _made("slice", (x,), x.dtype, shape, axis=axis, start=start, stop=stop)


def _whole(length: Length) -> int:
    if isinstance(length, Rows):
        raise NotImplementedError("the number of rows as a number")
    return length


def _size(shape: Iterable[Length]) -> Length:
    size, rows = 1, None
    for length in shape:
        if isinstance(length, Rows):
            rows = length
        else:
            size *= length
    return size if rows is None else rows * size


def _divided(whole: Length, part: Length) -> Length:
    if isinstance(part, Rows):
        return _whole(whole // part.times if isinstance(whole, int) else whole.times // part.times)
    return whole // part
