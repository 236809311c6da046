"""What is done to files: bytes are changed, and JSON is changed in its structure and signed anew."""

from __future__ import annotations

import copy
import io
import json
import math
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import numpy as np

from lamina.files.layout import DTYPES, write_layout
from lamina.files.tensors import FORMAT_VERSION, _checksum

__all__ = ["changed_arrays", "changed_bytes", "changed_json", "signed", "some"]

_DEEP = "@deep@"
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 255, 2**31, 2**40, 2**53 + 1, 2**63, -(2**63), 2**64, 10**30, 10**400),
    *(0.0, -0.0, 0.5, 1e-300, 1e308, math.nan, math.inf, -math.inf),
    *("", " ", "a", "0", "1e999", "[/x]", "[bold]", "\x1b[31m\x07", "\0", "é☃\U0001f680", "a" * 3000, "../../etc/passwd", _DEEP),
    *("dense", "relu", "sequential", "MLPClassifier", "float64", "category", "U99999999", "adam", "input_1"),
    *(
        [],
        {},
        [[]],
        [None],
        [0] * 300,
        {"kind": "dense"},
        {"": {}},
        {"$tensor": "parameters"},
        {"$object": {}},
        {"$pairs": [[[], 1]]},
    ),
)
_WORDS = (
    b"\0",
    b"\xff",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
)
_NUMBERS = (
    b"NaN",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"0x7fffffff",
    b"1_000",
    b"2024-02-30",
    b"'",
    b'"""',
    b"=",
    b"#",
    b".",
)


def some(rng: Random) -> int:
    """How many changes: mostly one, sometimes several."""
    return 1 + min(int(rng.expovariate(0.8)), 8)


def changed_bytes(rng: Random, data: bytes) -> bytes:
    """``data`` with a few changes at random places."""
    for _ in range(some(rng)):
        data = rng.choice(_BYTE_CHANGES)(rng, data, rng.randrange(len(data) + 1))
    return data


def _flip(rng: Random, data: bytes, at: int) -> bytes:
    return data[: at - 1] + bytes([data[at - 1] ^ (1 << rng.randrange(8))]) + data[at:] if at else data


def _write(rng: Random, data: bytes, at: int) -> bytes:
    word = rng.choice((*_WORDS, *_NUMBERS, rng.randbytes(4), (rng.choice((0, 1, 2**31, 2**40, 2**63 - 1))).to_bytes(8, "little")))
    return data[:at] + word + data[at + len(word) * rng.randrange(2) :]


def _cut(rng: Random, data: bytes, at: int) -> bytes:
    return rng.choice((data[:at], data[at:], data[:at] + data[at + rng.randrange(1, 40) :]))


def _repeat(rng: Random, data: bytes, at: int) -> bytes:
    return data[:at] + data[at : at + rng.randrange(1, 60)] * rng.choice((2, 2, 3, 200)) + data[at:]


def _move(rng: Random, data: bytes, at: int) -> bytes:
    other, length = rng.randrange(len(data) + 1), rng.randrange(1, 80)
    return data[:at] + data[other : other + length] + data[at + rng.choice((0, length)) :]


_BYTE_CHANGES: tuple[Callable[[Random, bytes, int], bytes], ...] = (_flip, _flip, _write, _write, _cut, _repeat, _move)


def changed_json(rng: Random, value: Any) -> Any:
    """A copy of ``value`` with a few changes to its structure."""
    root = {"": copy.deepcopy(value)}
    for _ in range(some(rng)):
        places = list(_places(root))
        if not places:
            break
        holder, key = rng.choice(places)
        _change_place(rng, holder, key, places)
    return root.get("")


def _places(value: Any) -> Any:
    """Every (dict or list, key) in nested dicts and lists."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def _change_place(rng: Random, holder: Any, key: Any, places: list[Any]) -> None:
    there = key in holder if isinstance(holder, dict) else key < len(holder)
    choice = rng.randrange(7)
    if not there or choice == 0:
        _insert(rng, holder)
    elif choice == 1:
        del holder[key]
    elif choice == 2:
        other, where = rng.choice(places)
        if where in other if isinstance(other, dict) else where < len(other):
            holder[key] = copy.deepcopy(other[where])
    elif choice == 3:
        holder[key] = _nudged(rng, holder[key])
    elif choice == 4 and isinstance(holder, list):
        holder.extend([holder[key]] * rng.choice((1, 2, 50)))
    else:
        holder[key] = copy.deepcopy(rng.choice(STRANGE))


def _insert(rng: Random, holder: Any) -> None:
    if isinstance(holder, dict):
        holder[rng.choice(("kind", "name", "$tensor", "extra", "", "é"))] = copy.deepcopy(rng.choice(STRANGE))
    else:
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(rng.choice(STRANGE)))


def _nudged(rng: Random, item: Any) -> Any:
    """Almost what it was."""
    if isinstance(item, bool):
        return not item
    if isinstance(item, int):
        return rng.choice((item + 1, item - 1, -item, item * 2, float(item) if abs(item) < 2**1000 else item, str(item)[:10]))
    if isinstance(item, float):
        return rng.choice((-item, item * 1e6, item * 1e-6, math.nan, math.inf, str(item)))
    if isinstance(item, str):
        at = rng.randrange(len(item) + 1)
        return rng.choice((item.upper(), item[:at], item[:at] + rng.choice("\0[é\x1b") + item[at:], item + item))
    if isinstance(item, list):
        return rng.choice((item[::-1], item[:1], item * 2, dict(enumerate(map(str, item)))))
    return [item]


def changed_arrays(rng: Random, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A copy of ``arrays`` in which one or more are others."""
    arrays = dict(arrays)
    for _ in range(some(rng)):
        if not arrays:
            break
        name = rng.choice(list(arrays))
        array = arrays[name]
        choice = rng.randrange(6)
        if choice == 0:
            del arrays[name]
        elif choice == 1:
            arrays[rng.choice(("stray", name + ".0", ""))] = array
        elif choice == 2:
            arrays[name] = np.resize(array, rng.choice(((), (1,), (0,), (array.size + 1,), (1, *array.shape), (array.size, 1))))
        elif choice == 3:
            arrays[name] = array.astype(rng.choice(list(DTYPES.values())))
        elif array.size:
            arrays[name] = array.copy()
            with np.errstate(all="ignore"), suppress(ValueError, OverflowError):  # integers cannot hold them all
                arrays[name].reshape(-1)[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf, 3e38, -1, 0, 1e-40))
    return arrays


def signed(rng: Random, arrays: dict[str, np.ndarray], header: Any) -> bytes:
    """A file with a right checksum, whatever it holds."""
    text = json.dumps(header).replace(f'"{_DEEP}"', _deep(rng))
    if rng.random() < 0.1:
        text = changed_bytes(rng, text.encode()).decode("utf-8", "replace")
    file = io.BytesIO()
    checksum = _checksum(text.encode("utf-8", "surrogatepass"), arrays)
    metadata = {"format": "lamina", "format_version": str(FORMAT_VERSION), "header": text, "crc32": checksum}
    write_layout(file, arrays, metadata)
    data = file.getvalue()
    return _changed_entries(rng, data) if rng.random() < 0.1 else data


def _deep(rng: Random) -> str:
    depth = rng.choice((60, 99, 101, 5000))
    return "[" * depth + "]" * depth


def _changed_entries(rng: Random, data: bytes) -> bytes:
    """Another outer header: dtypes, shapes, places, metadata."""
    length = int.from_bytes(data[:8], "little")
    text = json.dumps(changed_json(rng, json.loads(data[8 : 8 + length]))).replace(f'"{_DEEP}"', _deep(rng)).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
