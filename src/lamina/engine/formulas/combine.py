"""Combine several buffers into one: by sum, difference, mean or product, or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul

from lamina.engine.formulas.array import Array, array_namespace

__all__ = [
    "add_backward",
    "add_forward",
    "average_backward",
    "average_forward",
    "concat_backward",
    "concat_forward",
    "multiply_backward",
    "multiply_forward",
    "subtract_backward",
    "subtract_forward",
]


def add_forward(inputs: Sequence[Array]) -> Array:
    """``out = x1 + x2 + ...``: the skip connection of He et al. 2016; all inputs (n, width).

    >>> import numpy as np
    >>> add_forward([np.array([[1.0]]), np.array([[2.0]])])
    array([[3.]])
    """
    return reduce(add, inputs)


def add_backward(d_out: Array, num_inputs: int) -> tuple[Array, ...]:
    """The gradients of :func:`add_forward`: each input gets ``d_out`` unchanged."""
    # out = x1 + x2 + ...
    return (d_out,) * num_inputs


def subtract_forward(a: Array, b: Array) -> Array:
    """``out = a - b``, element by element; both (n, width).

    >>> import numpy as np
    >>> subtract_forward(np.array([[3.0]]), np.array([[2.0]]))
    array([[1.]])
    """
    return a - b


def subtract_backward(d_out: Array) -> tuple[Array, Array]:
    """The gradients of :func:`subtract_forward`."""
    # out = a - b
    return d_out, -d_out


def average_forward(inputs: Sequence[Array]) -> Array:
    """``out = (x1 + x2 + ...) / k``, the mean of k inputs (n, width), element by element.

    >>> import numpy as np
    >>> average_forward([np.array([[1.0]]), np.array([[2.0]])])
    array([[1.5]])
    """
    return reduce(add, inputs) / len(inputs)


def average_backward(d_out: Array, num_inputs: int) -> tuple[Array, ...]:
    """The gradients of :func:`average_forward`: each input gets an equal share of ``d_out``."""
    # out = (x1 + x2 + ...) / k
    return (d_out / num_inputs,) * num_inputs


def multiply_forward(inputs: Sequence[Array]) -> Array:
    """``out = x1 * x2 * ...``, element by element: a gate; all inputs (n, width).

    >>> import numpy as np
    >>> multiply_forward([np.array([[2.0]]), np.array([[3.0]])])
    array([[6.]])
    """
    return reduce(mul, inputs)


def multiply_backward(d_out: Array, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The gradients of :func:`multiply_forward`: ``d_out`` times the *other* inputs (dividing ``out`` by an input fails at 0)."""
    # out = x1 * x2 * ...
    return tuple(reduce(mul, (*inputs[:i], *inputs[i + 1 :]), d_out) for i in range(len(inputs)))


def concat_forward(inputs: Sequence[Array]) -> Array:
    """``out = [x1 | x2 | ...]``, the columns side by side; inputs (n, width_i).

    >>> import numpy as np
    >>> concat_forward([np.array([[1.0]]), np.array([[2.0, 3.0]])])
    array([[1., 2., 3.]])
    """
    return array_namespace(*inputs).concat(list(inputs), axis=1)


def concat_backward(d_out: Array, widths: Sequence[int]) -> tuple[Array, ...]:
    """The gradients of :func:`concat_forward`: the columns that came from each input."""
    # out = [x1 | x2 | ...]
    starts = [sum(widths[:i]) for i in range(len(widths))]
    return tuple(d_out[:, start : start + width] for start, width in zip(starts, widths, strict=True))
