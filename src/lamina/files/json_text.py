"""JSON that somebody else may have written: bounded in depth and in the memory that it takes."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["parse_json", "roomy_size"]

_DEEPEST = 100
_HALF = re.compile(rb"\\u[dD]")
# What a value of each kind takes in memory, by the character that comes with it. Measured on CPython 3.11; texts of many short
# pieces take up to twice as much, which the free bytes below leave room for.
_BYTES = {b"{": 100, b"[": 50, b",": 40, b":": 30}
_FREE_BYTES = 32 << 20
_FACTOR = 3


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
    ValueError: the text is nested more than 100 deep
    """
    if not text.isascii():
        raise ValueError("the text has characters that are not ASCII")
    if roomy_size(text) > size:
        raise ValueError("the text would take more memory than a file of its size may")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"the text is nested more than {_DEEPEST} deep") from None
    _check_depth(value)
    _check_texts(text, value)
    return value


def roomy_size(text: bytes) -> int:
    """Bytes that a file must have at least for :func:`parse_json` to admit the text; 0 or less where any will do."""
    return -((_FREE_BYTES - sum(text.count(character) * each for character, each in _BYTES.items())) // _FACTOR)


def _check_depth(value: Any) -> None:
    """Whatever walks through the value later may recurse."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            item
            for entry in level
            if isinstance(entry, dict | list)
            for item in (entry.values() if isinstance(entry, dict) else entry)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise ValueError(f"the text is nested more than {_DEEPEST} deep")


def _check_texts(text: bytes, value: Any) -> None:
    """Half a character (a lone surrogate) can be neither printed nor written."""
    if _HALF.search(text):
        json.dumps(value, ensure_ascii=False).encode()
