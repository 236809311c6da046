"""The safetensors layout: eight bytes with the length of a JSON text, the text, and the bytes of the arrays one after another.

Implemented here for three reasons: equal content must give equal bytes, but the library writes the metadata in random order;
large arrays are read and written without a second copy in memory; and sizes in the text are checked against the file before they
are used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from lamina.files.json_text import parse_json, roomy_size

__all__ = ["DTYPES", "read_layout", "read_metadata", "write_layout"]

DTYPES: dict[str, np.dtype] = {
    "BOOL": np.dtype("?"),
    **{f"{kind}{8 * size}": np.dtype(f"<{kind.lower()}{size}") for kind in "IU" for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
}
"""The dtypes by their names in the layout."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_METADATA = "__metadata__"
_ALIGNMENT = 8


def write_layout(file: BinaryIO, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write arrays (C-ordered, little-endian, of a dtype in :data:`DTYPES`) and metadata."""
    # Larger item sizes first, as in the library, so that each array is aligned to its item size.
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    entries: dict[str, Any] = {_METADATA: dict(metadata)}
    end = 0
    for name, array in ordered:
        begin, end = end, end + array.nbytes
        entries[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(entries, separators=(",", ":")).encode("ascii")
    # parse_json limits memory by the file's size, so a long text of short values is padded with spaces until it is accepted.
    text = text.ljust(roomy_size(text) - 8 - end)
    text += b" " * (-len(text) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for _, array in ordered:
        file.write(array.reshape(-1).view(np.uint8).data)


def read_metadata(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the metadata and the entries of the arrays from a file of ``size`` bytes.

    Raises
    ------
    ValueError
        If the file does not have this layout.
    """
    length = int.from_bytes(file.read(8), "little")
    if size < 8 + length:
        raise ValueError(f"the header ends after {8 + length} bytes, and the file after {size}")
    entries = parse_json(file.read(length), size)
    if not isinstance(entries, dict):
        raise ValueError("the header is not a JSON object")
    metadata = entries.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("the metadata is not an object of strings")
    return metadata, entries


def read_layout(file: BinaryIO, size: int, entries: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Read the arrays that follow the header, writable; all sizes are checked before the first is read.

    Raises
    ------
    ValueError
        If the entries are malformed, or do not cover the rest of the file exactly.
    """
    slots = sorted((_slot(name, entry) for name, entry in entries.items()), key=lambda slot: (slot[0], slot[1]))
    end = 0
    for begin, stop, name, _, _ in slots:
        if begin != end:
            raise ValueError(f"array {name!r} begins at {begin}, and the one before it ends at {end}")
        end = stop
    if file.tell() + end != size:
        raise ValueError(f"the arrays end after {file.tell() + end} bytes, and the file after {size}")
    return {name: _read_array(file, dtype, shape) for _, _, name, dtype, shape in slots}


def _slot(name: str, entry: object) -> tuple[int, int, str, np.dtype, tuple[int, ...]]:
    """Begin, end, name, dtype and shape of an array, checked for consistency."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"array {name!r} must have dtype, shape and data_offsets")
    dtype, shape, offsets = DTYPES.get(str(entry["dtype"])), entry["shape"], entry["data_offsets"]
    if dtype is None or not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2 or len(shape) > 32:
        raise ValueError(f"array {name!r} has an invalid dtype, shape or data_offsets")
    begin, end = offsets
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"array {name!r} of shape {tuple(shape)} and dtype {dtype.name} does not take {end - begin} bytes")
    return begin, end, name, dtype, tuple(shape)


def _are_sizes(given: object) -> bool:
    return isinstance(given, list) and all(type(item) is int and 0 <= item < 2**62 for item in given)


def _read_array(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(shape, dtype)
    into = array.reshape(-1).view(np.uint8)
    if file.readinto(into.data) != len(into):  # type: ignore[attr-defined]
        raise ValueError("the file was shortened while it was read")
    return array.astype(dtype.newbyteorder("="), copy=False)
