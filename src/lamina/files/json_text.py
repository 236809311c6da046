"""JSON that somebody else may have written: bounded in depth and in memory. What is written keeps the bounds."""

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
# What a value of each kind takes in memory, by the character that comes with it. Measured on CPython 3.11; texts of many short
# pieces take up to twice as much, which the free bytes below leave room for.
_BYTES = {b"{": 100, b"[": 50, b",": 40, b":": 30}
_FREE_BYTES = 32 << 20
_FACTOR = 3
_NESTED = (Mapping, list, tuple)


def encode_json(value: Any) -> str:
    """The JSON text of a value, ASCII; :func:`parse_json` reads it back.

    Parameters
    ----------
    value : dict, list, text, number, bool or None
        NumPy scalars and arrays become numbers and lists, tuples become lists.

    Raises
    ------
    InvalidSettingError
        If JSON cannot hold a part of it, or it could not be read back: it names the part.

    Examples
    --------
    >>> encode_json({"shape": (2, 3), "loss": 0.5})
    '{"shape": [2, 3], "loss": 0.5}'
    >>> encode_json({"history": [{"epoch": 1, "when": 2j}]})
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: history[0].when must be text, numbers, or lists and dicts of these, to be saved, got 2j.
    """
    try:
        check_depth(value)
        text = json.dumps(value, default=_to_plain)
        _check_texts(text.encode(), value)
    except (TypeError, ValueError, RecursionError) as error:
        place, rule, found = _first_fault(value)
        raise InvalidSettingError(phrase(place, f"must be {rule}, to be saved", found)) from error
    return text


def parse_json(text: bytes, size: int) -> Any:
    """What a JSON text says.

    Parameters
    ----------
    text : bytes
        ASCII, as Lamina writes it.
    size : int
        Bytes of the whole file; the objects may take three times as much, and 32 MB.

    Raises
    ------
    ValueError
        If the text is no JSON, not ASCII, nested too deeply, or would take more memory.

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
        raise ValueError("the text would take more memory than a file of its size may")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"the text is nested more than {_DEEPEST} deep") from None
    check_depth(value)
    _check_texts(text, value)
    return value


def roomy_size(text: bytes) -> int:
    """Bytes that a file must have at least for :func:`parse_json` to admit the text; 0 or less where any will do."""
    return -((_FREE_BYTES - sum(text.count(character) * each for character, each in _BYTES.items())) // _FACTOR)


def check_depth(value: Any) -> None:
    """Refuse what is nested deeper than is read; whatever walks through the value later may recurse.

    What contains itself is too deep, and what stands at several places of a level is looked at once.
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
    """Half a character (a lone surrogate) can be neither printed nor written."""
    if _HALF.search(text):
        json.dumps(value, ensure_ascii=False, default=_to_plain).encode()


def _to_plain(value: object) -> object:
    """JSON's words for NumPy's numbers and arrays."""
    plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if type(plain) is type(value):
        raise TypeError(f"JSON cannot express a {type(value).__name__}")
    return plain


def _first_fault(value: Any) -> tuple[str, str, object]:
    """Where the first part stands that cannot be written and read back, what it must be, and what it is."""
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
    """What a value without parts must be; None where it is."""
    try:
        json.dumps(entry, ensure_ascii=False, default=_to_plain).encode()
    except UnicodeEncodeError:
        return "text of whole characters (no lone surrogates)"
    except (TypeError, ValueError, RecursionError):
        is_long = isinstance(entry, int)
        return "a number of at most 4300 digits" if is_long else "text, numbers, or lists and dicts of these"
    return None


def _cut(place: str) -> str:
    return place if len(place) <= 60 else f"{place[:60]}..."
