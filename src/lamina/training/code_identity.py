"""Identifies a user's function without calling it, so that a run does not resume with a different one."""

from __future__ import annotations

import functools
import hashlib
from collections import deque
from types import CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from lamina.training.callbacks.callback import Callback

__all__ = ["code_identity", "name_in"]

_EMPTY = CellType()
_DEEPEST = 7


def code_identity(function: Any) -> str:
    """The function's name and a checksum of its code and of the values that it uses; the same in every process.

    The values are constants, defaults, the closure and, for methods and objects, attributes. Equal functions with different
    names differ. Global functions that it calls are not included.

    Examples
    --------
    >>> code_identity(lambda x: x + 1) == code_identity(lambda x: x + 1)
    True
    >>> code_identity(lambda x: x + 1) == code_identity(lambda x: x + 2)
    False
    """
    checksum = hashlib.blake2b(_known(function, ()).encode(errors="replace"), digest_size=8).hexdigest()
    names = (getattr(function, attribute, None) for attribute in ("__qualname__", "name"))  # custom losses have a name
    return f"{next((name for name in names if isinstance(name, str)), type(function).__qualname__)} {checksum}"


def name_in(identity: str) -> str:
    """The name in the result of :func:`code_identity`."""
    return identity.rpartition(" ")[0]


def _known(value: Any, within: tuple[int, ...]) -> str:
    """A description of a value inside the values with the ids ``within``; a value may contain itself."""
    if value is None or isinstance(value, bool | int | float | str | bytes | complex):
        return repr(value)
    if id(value) in within or len(within) == _DEEPEST:
        return "..."

    def inner(part: Any) -> str:
        return _known(part, (*within, id(value)))

    return f"{_name(value)}({', '.join(_parts(value, inner))})"


def _name(value: Any) -> str:
    own = getattr(value, "__qualname__", getattr(value, "__name__", None))
    return own if isinstance(own, str) else type(value).__qualname__


def _parts(value: Any, inner: Any) -> list[str]:
    """Descriptions of the parts; sorted if they have no order, or an order that varies from process to process."""
    match value:
        case CodeType():
            return [value.co_code.hex(), repr(value.co_names), *map(inner, value.co_consts)]
        case FunctionType():
            cells = [cell.cell_contents for cell in value.__closure__ or () if cell != _EMPTY]
            return [*map(inner, (value.__code__, value.__defaults__, value.__kwdefaults__, *cells))]
        case MethodType():
            return [inner(value.__func__), inner(value.__self__)]
        case functools.partial():
            return [*map(inner, (value.func, value.args, value.keywords))]
        case tuple() | list() | deque() | range():
            return [*map(inner, value)]
        case dict() | MappingProxyType():
            return sorted(f"{inner(key)}: {inner(item)}" for key, item in value.items())
        case set() | frozenset():
            return sorted(map(inner, value))
        case type() | ModuleType():
            return []
    if isinstance(value, Callback) or hasattr(type(value), "save_checkpoint"):
        return []  # the state of callbacks and trainers changes with every epoch
    return _parts_of_array(value, inner) if hasattr(type(value), "__array__") else _parts_of_object(value, inner)


def _parts_of_array(value: Any, inner: Any) -> list[str]:
    try:
        array = np.asarray(value)
    except Exception:  # for example, a tensor that requires gradients
        return _parts_of_object(value, inner)
    if array.dtype.hasobject:
        return [inner(array.tolist())]
    return [str(array.dtype), str(array.shape), hashlib.blake2b(array.tobytes()).hexdigest()]


def _parts_of_object(value: Any, inner: Any) -> list[str]:
    """Its ``__call__`` and its attributes, including those in slots."""
    calls = [inner(type(value).__call__)] if callable(value) else []
    return [*calls, inner(object.__getstate__(value))]
