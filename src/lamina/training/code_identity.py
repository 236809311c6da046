"""What a function of the user's is, as far as can be told without calling it: so that a run does not resume with another."""

from __future__ import annotations

import functools
import hashlib
from types import CellType, CodeType
from typing import Any

__all__ = ["code_identity"]

_EMPTY = CellType()


def code_identity(function: Any) -> str:
    """A name and a checksum of the code, its constants, defaults and closure; of objects, of their class and parts.

    Equal functions of another name differ; of what a function calls nothing is known.

    Examples
    --------
    >>> code_identity(lambda x: x + 1) == code_identity(lambda x: x + 1)
    True
    >>> code_identity(lambda x: x + 1) == code_identity(lambda x: x + 2)
    False
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in _parts(function, 0):
        digest.update(f"{part};".encode(errors="replace"))
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name} {digest.hexdigest()}"


def _parts(value: Any, depth: int) -> list[str]:
    if depth > 5:
        return []
    if isinstance(value, CodeType):
        constants = [part for constant in value.co_consts for part in _parts(constant, depth + 1)]
        return [value.co_code.hex(), repr(value.co_names), *constants]
    if isinstance(value, functools.partial):
        return [part for each in (value.func, value.args, value.keywords) for part in _parts(each, depth + 1)]
    inner = getattr(value, "__func__", value)
    if hasattr(inner, "__code__"):
        cells = [cell.cell_contents for cell in inner.__closure__ or () if cell != _EMPTY]
        return [part for each in (inner.__code__, inner.__defaults__, *cells) for part in _parts(each, depth + 1)]
    if isinstance(value, tuple | list):
        return [part for each in value for part in _parts(each, depth + 1)]
    if isinstance(value, dict):
        return [part for key, each in value.items() for part in (repr(key), *_parts(each, depth + 1))]
    if isinstance(value, frozenset):  # whose order is another one in every process
        return sorted(part for each in value for part in _parts(each, depth + 1))
    if value is None or isinstance(value, bool | int | float | str | bytes | complex):
        return [repr(value)]
    return [
        type(value).__qualname__,
        *_parts(vars(value) if hasattr(value, "__dict__") and not isinstance(value, type) else None, depth + 1),
    ]
