"""Takes over the arrays of another network as far as names and shapes allow, and says what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.validation import boolean, check_parameters

__all__ = ["LoadReport", "load_into"]


class _Arrays(Protocol):
    """Arrays by name, of which several can be written, all or none."""

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, name: str, /) -> np.ndarray: ...

    def __contains__(self, name: object, /) -> bool: ...

    def update(self, values: Any, /) -> None: ...


@dataclass(frozen=True)
class LoadReport:
    """What became of arrays that :meth:`NamedArrays.load <lamina.network.named_arrays.NamedArrays.load>` took over.

    Attributes
    ----------
    whole : tuple of str
        Names of the arrays that were written as a whole.
    corners : dict of str to (tuple of int, tuple of int)
        Arrays of which a corner was written: the given shape, and that here.
    other_shapes : dict of str to (tuple of int, tuple of int)
        Arrays that were left as they were, since their shapes differ: the given shape, and that here.
    missing : tuple of str
        Names here that were not given.
    unknown : tuple of str
        Names that were given and do not exist here.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(3), Dense(1)], input_width=2)
    >>> weights = network.unflatten(network.initialize()[0])
    >>> print(weights.load({"dense_1.weight": np.ones((2, 3)), "dense_1.bias": np.ones(2), "old.bias": np.ones(3)}))
    written: dense_1.weight
    left, as shapes differ: dense_1.bias (given (2,), here (3,))
    left, as not given: dense_2.weight, dense_2.bias
    unknown here: old.bias
    """

    whole: tuple[str, ...]
    corners: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    other_shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        parts = {
            "written": self.whole,
            "written into a corner": _with_shapes(self.corners),
            "left, as shapes differ": _with_shapes(self.other_shapes),
            "left, as not given": self.missing,
            "unknown here": self.unknown,
        }
        return "\n".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)


def _with_shapes(arrays: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]) -> list[str]:
    return [f"{name} (given {given}, here {here})" for name, (given, here) in arrays.items()]


def _array(name: str, values: Any) -> np.ndarray:
    try:
        array = np.asarray(values)
        return array if array.dtype.kind in "biuf" else array.astype(np.float64)
    except Exception as error:  # ragged lists, text, or a tensor that requires gradients
        raise DataError(phrase(name, "must be an array of numbers", type(values).__name__)) from error


def load_into(arrays: _Arrays, given: Any, *, corners: bool) -> LoadReport:
    """See :meth:`NamedArrays.load <lamina.network.named_arrays.NamedArrays.load>`."""
    check_parameters({"corners": corners}, {"corners": boolean()}, owner="load")
    if not isinstance(given, Mapping):
        rule, repair = "must be a mapping of names to arrays", "Give other.weights, or the dict of its copy()."
        raise InvalidSettingError(phrase("what is loaded", rule, type(given).__name__, repair=repair))
    values: dict[str, Any] = {}
    whole: list[str] = []
    in_corners, others = {}, {}
    for name in (name for name in arrays if name in given):
        array = _array(name, given[name])
        here, shape = arrays[name].shape, array.shape
        if shape == here:
            whole.append(name)
            values[name] = array
        elif corners and len(shape) == len(here) and all(own <= room for own, room in zip(shape, here, strict=True)):
            in_corners[name] = (shape, here)
            values[name] = arrays[name].copy()
            values[name][tuple(map(slice, shape))] = array
        else:
            others[name] = (shape, here)
    arrays.update(values)
    missing = tuple(name for name in arrays if name not in given)
    return LoadReport(tuple(whole), in_corners, others, missing, tuple(name for name in given if name not in arrays))
