"""Bounds on the gradient: element by element, or on the norm of a part (Pascanu, Mikolov & Bengio 2013, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.formulas.array import Array, array_namespace, sum_float64, wide
from lamina.engine.plan import Clipping

__all__ = ["bounded", "clip", "clip_norm", "clip_value", "norm", "size"]


def norm(x: Array) -> float:
    """The Euclidean norm, with squares summed in float64.

    >>> import numpy as np
    >>> norm(np.array([3.0, 4.0], dtype=np.float32))
    5.0
    """
    return float(size(x))


def size(x: Array) -> Array:
    """:func:`norm` as a scalar on the array's device."""
    numbers = wide(x)
    return array_namespace(x).sqrt(sum_float64(numbers * numbers))


def clip_value(gradient: Array, low: float, high: float) -> Array:
    """Clip every element to ``[low, high]``."""
    return array_namespace(gradient).clip(gradient, min=low, max=high)


def clip_norm(gradient: Array, bound: float) -> Array:
    """``gradient * bound / norm`` if the norm exceeds ``bound``: shorter, in the same direction.

    >>> import numpy as np
    >>> clip_norm(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    return gradient * _factor(gradient, bound)


def _factor(gradient: Array, bound: float) -> Array:
    """What brings the norm down to ``bound``: 1 if it is not above, a scalar of the gradient's dtype."""
    xp, length = array_namespace(gradient), size(gradient)
    return xp.astype(xp.where(length > bound, bound / length, xp.ones_like(length)), gradient.dtype)


def clip(gradient: Array, clipping: Clipping, layers: Sequence[Sequence[slice]], acts: Array | None = None) -> tuple[Array, bool]:
    """Apply all bounds in order (value, each layer, the whole); also returns whether any of them changed the gradient.

    ``layers`` says which slices of the flat gradient belong to each layer; together they tile it in order. ``acts``, a bool for
    each element, says what a step changes; elsewhere the gradient is 0 and stays so. None means all.
    """
    clipped = bounded(gradient, clipping, layers, acts)
    return clipped, clipped is not gradient and bool(array_namespace(gradient).any(clipped != gradient))


def bounded(gradient: Array, clipping: Clipping, layers: Sequence[Sequence[slice]], acts: Array | None = None) -> Array:
    """The gradient within all bounds: the first part of what :func:`clip` returns; the gradient itself if nothing is bounded."""
    xp = array_namespace(gradient)
    clipped = gradient
    if clipping.value is not None:
        clipped = clip_value(clipped, *map(float, clipping.value))
        clipped = clipped if acts is None else xp.where(acts, clipped, gradient)
    if clipping.layer_norm is not None:
        clipped = _clip_layers(clipped, float(clipping.layer_norm), layers)
    if clipping.norm is not None:
        clipped = clip_norm(clipped, float(clipping.norm))
    return clipped


def _clip_layers(gradient: Array, bound: float, layers: Sequence[Sequence[slice]]) -> Array:
    """Bound the norm of each layer's gradient, taken as one vector."""
    xp = array_namespace(gradient)
    pieces: dict[tuple[int, int], Array] = {}
    for slices in layers:
        factor = _factor(xp.concat([gradient[s] for s in slices]), bound)
        pieces.update({(s.start, s.stop): gradient[s] * factor for s in slices})
    return xp.concat([pieces[place] for place in sorted(pieces)])
