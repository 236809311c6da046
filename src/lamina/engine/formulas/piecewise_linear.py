"""Piecewise-linear encoding: a number as its share of each of several bins (Gorishniy, Rubachev & Babenko 2022, equation 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from lamina.engine.formulas.array import Array, array_namespace, constants

__all__ = ["Bins", "bins_of", "piecewise_linear_backward", "piecewise_linear_forward"]


class Bins(NamedTuple):
    """All bins side by side, in arrays (bins,): each reads the column ``column``, and its share lies in [low, high]."""

    column: Array
    left: Array
    size: Array
    low: Array
    high: Array


def bins_of(settings: Sequence[float], like: Array) -> Bins:
    """The bins that an op's settings describe, with the dtype of ``like`` (n, width).

    ``settings`` are (clip, then for each column: the number of its edges, and the edges). Without clip, the first bin of a
    column goes on below its edges and the last one above.
    """
    clip, *rest = settings
    beyond = 0.0 if clip else float("inf")
    rows = [
        (column, left, right - left, -beyond if left == edges[0] else 0.0, 1.0 + beyond if right == edges[-1] else 1.0)
        for column, edges in enumerate(_edges(rest))
        for left, right in pairwise(edges)
    ]
    columns, *numbers = zip(*rows, strict=True)
    return Bins(
        constants(columns, like, array_namespace(like).int64),
        *(constants(values, like) for values in numbers),
    )


def _edges(settings: Sequence[float]) -> Iterator[Sequence[float]]:
    while settings:
        end = 1 + int(settings[0])
        yield settings[1:end]
        settings = settings[end:]


def piecewise_linear_forward(x: Array, bins: Bins) -> Array:
    """``out = min(max((x - left) / size, low), high)``: which share of each bin lies below x; x (n, width), out (n, bins).

    >>> import numpy as np
    >>> bins = bins_of((0, 3, 0.0, 1.0, 3.0), np.zeros((1, 1)))
    >>> piecewise_linear_forward(np.array([[-1.0], [0.5], [2.0], [5.0]]), bins)
    array([[-1. ,  0. ],
           [ 0.5,  0. ],
           [ 1. ,  0.5],
           [ 1. ,  2. ]])
    """
    xp = array_namespace(x)
    return xp.minimum(xp.maximum((xp.take(x, bins.column, axis=1) - bins.left) / bins.size, bins.low), bins.high)


def piecewise_linear_backward(d_out: Array, x: Array, out: Array, bins: Bins) -> Array:
    """The gradient of :func:`piecewise_linear_forward`; at an edge the slope is 0."""
    xp = array_namespace(d_out, x, out)
    # out = (x - left) / size where that is between low and high
    d_bins = xp.where((out > bins.low) & (out < bins.high), d_out / bins.size, 0.0)
    reads = bins.column[:, None] == xp.arange(x.shape[1], device=x.device)
    return d_bins @ xp.astype(reads, x.dtype)
