"""Frames: what the page shows of a training at one moment, as bytes that go through a web socket."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["pack", "unpack"]

_LENGTH = struct.Struct("<I")
_ALIGNED = 8  # bytes, so that a browser can look at arrays where they lie


def pack(values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """A frame: the length of the header, the header in JSON, and the arrays, each at a multiple of eight bytes.

    The header has the values, and ``arrays``: for each name its dtype, shape and place. Numbers that are not finite are null.

    >>> values, arrays = unpack(pack({"loss": 0.5}, {"map": np.eye(2, dtype=np.uint8)}))
    >>> values, arrays["map"].tolist()
    ({'loss': 0.5}, [[1, 0], [0, 1]])
    """
    places, parts, place = {}, [], 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        places[name] = {"dtype": array.dtype.name, "shape": array.shape, "place": place}
        padding = -len(data) % _ALIGNED
        parts += [data, bytes(padding)]
        place += len(data) + padding
    header = json.dumps({**_finite(values), "arrays": places}, separators=(",", ":")).encode()
    header += b" " * (-(_LENGTH.size + len(header)) % _ALIGNED)
    return b"".join([_LENGTH.pack(len(header)), header, *parts])


def unpack(frame: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The values and the arrays of a frame, as the page reads them."""
    (length,) = _LENGTH.unpack_from(frame)
    begin = _LENGTH.size + length
    values = json.loads(frame[_LENGTH.size : begin])
    arrays = {
        name: np.frombuffer(frame, each["dtype"], math.prod(each["shape"]), begin + each["place"]).reshape(each["shape"])
        for name, each in values.pop("arrays").items()
    }
    return values, arrays


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(entry) for name, entry in value.items()}
    return [_finite(entry) for entry in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
