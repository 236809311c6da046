"""Reading and writing JSON with limits on depth and memory, so that untrusted files are safe to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase

__all__ = ["check_depth", "encode_json", "parse_json", "roomy_size"]

_DEEPEST = 100
_HALF = re.compile(rb"\\u[dD]")
# Memory of each kind of value, by the character that introduces it. Measured on CPython 3.11; texts of many short pieces take
# up to twice as much, for which the free bytes below leave room.
_BYTES = {b"{": 100, b"[": 50, b",": 40, b":": 30}
_FREE_BYTES = 32 << 20
_FACTOR = 3
_NESTED = (Mapping, list, tuple)


def encode_json(value: Any) -> str:
    """The value as ASCII JSON text, which :func:`parse_json` reads back.

    Parameters
    ----------
    value : dict, list, str, number, bool or None
        NumPy scalars and arrays become numbers and lists, tuples become lists.

    Raises
    ------
    InvalidSettingError
        If JSON cannot hold a part of the value, or could not read it back; the message names the part.

    Examples
    --------
    >>> encode_json({"shape": (2, 3), "loss": 0.5})
    '{"shape": [2, 3], "loss": 0.5}'
    >>> encode_json({"history": [{"epoch": 1, "when": 2j}]})
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: history[0].when must be text, numbers, or lists and dicts of these to be saved, got 2j.
    """
    try:
        check_depth(value)
        text = json.dumps(value, default=_to_plain)
        _check_texts(text.encode(), value)
    except (TypeError, ValueError, RecursionError) as error:
        place, rule, found = _first_fault(value)
        raise InvalidSettingError(phrase(place, f"must be {rule} to be saved", found)) from error
    return text


def parse_json(text: bytes, size: int) -> Any:
    """Parse a JSON text.

    Parameters
    ----------
    text : bytes
        ASCII, as Lamina writes it.
    size : int
        Size of the whole file in bytes; the objects may take three times as much plus 32 MB of memory.

    Raises
    ------
    ValueError
        If the text is not JSON, not ASCII, nested too deeply, or would take more memory than that.

    Examples
    --------
    >>> parse_json(b'{"epochs": [1, 2]}', 18)
    {'epochs': [1, 2]}
    >>> parse_json(b"[" * 500 + b"]" * 500, 1000)
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: the text is nested more than 100 deep
    """
    if not text.isascii():
        raise ValueError("the text has characters that are not ASCII")
    if roomy_size(text) > size:
        raise ValueError("the text would take more memory than allowed for a file of this size")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"the text is nested more than {_DEEPEST} deep") from None
    check_depth(value)
    _check_texts(text, value)
    return value


def roomy_size(text: bytes) -> int:
    """Minimum file size in bytes at which :func:`parse_json` accepts the text; 0 or less if any size will do."""
    return -((_FREE_BYTES - sum(text.count(character) * each for character, each in _BYTES.items())) // _FACTOR)


def check_depth(value: Any) -> None:
    """Reject values nested too deeply to be read back, so that later code may recurse through them.

    A value that contains itself is too deep. An object that occurs several times on a level is visited once.
    """
    level: list[Any] = [[value]]
    for _ in range(_DEEPEST + 1):
        nested = {
            id(item): item
            for entry in level
            for item in (entry.values() if isinstance(entry, Mapping) else entry)
            if isinstance(item, _NESTED)
        }
        if not nested:
            return
        level = list(nested.values())
    raise InvalidSettingError(f"the text is nested more than {_DEEPEST} deep")


def _check_texts(text: bytes, value: Any) -> None:
    """Reject lone surrogates, which can be neither printed nor written."""
    if _HALF.search(text):
        json.dumps(value, ensure_ascii=False, default=_to_plain).encode()


def _to_plain(value: object) -> object:
    """NumPy scalars and arrays as plain numbers and lists."""
    plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if type(plain) is type(value):
        raise TypeError(f"JSON cannot express a {type(value).__name__}")
    return plain


def _first_fault(value: Any) -> tuple[str, str, object]:
    """The place of the first part that cannot be written and read back, the rule it breaks, and its value."""
    stack: list[tuple[str, int, Any]] = [("", 0, value)]
    while stack:
        place, depth, entry = stack.pop()
        if isinstance(entry, np.ndarray):
            entry = entry.tolist()
        if not isinstance(entry, _NESTED):
            if (rule := _fault_of(entry)) is not None:
                return place or "the value", rule, entry
            continue
        if depth >= _DEEPEST:
            return _cut(place), f"nested at most {_DEEPEST} deep", entry
        for key in entry if isinstance(entry, Mapping) else ():
            if (rule := _fault_of(key)) is not None:
                return f"a key of {place or 'the value'}", rule, key
        stack.extend((name, depth + 1, item) for name, item in reversed(list(_parts(place, entry))))
    return "the value", "what JSON can hold", value


def _parts(place: str, entry: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(entry, Mapping):
        return ((f"{place}.{key}" if place else str(key), item) for key, item in entry.items())
    return ((f"{place}[{i}]", item) for i, item in enumerate(entry))


def _fault_of(entry: object) -> str | None:
    """The rule that a scalar value breaks, or None."""
    try:
        json.dumps(entry, ensure_ascii=False, default=_to_plain).encode()
    except UnicodeEncodeError:
        return "text without lone surrogates"
    except (TypeError, ValueError, RecursionError):
        is_long = isinstance(entry, int)
        return "a number of at most 4300 digits" if is_long else "text, numbers, or lists and dicts of these"
    return None


def _cut(place: str) -> str:
    return place if len(place) <= 60 else f"{place[:60]}..."
