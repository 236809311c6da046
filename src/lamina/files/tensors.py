"""Arrays and a JSON header in one safetensors file: reading one runs no code.

The header travels as a string in safetensors' own metadata, beside a format version and a CRC-32 over header and arrays:
safetensors notices a file that was cut short, but not a flipped bit.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from lamina.errors import FileError
from lamina.files.atomic import atomic_write

__all__ = ["FORMAT_VERSION", "read_tensors", "write_tensors"]

FORMAT_VERSION = 1
_FORMAT = "lamina"


def write_tensors(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON-able header to one file, atomically.

    Parameters
    ----------
    path : str or path
        The file to create or replace; an earlier one survives any failure.
    arrays : mapping of str to ndarray
        Booleans, integers or floats of any shape, memory order and byte order.
    header : mapping
        What JSON can hold; NumPy scalars and arrays become numbers and lists, tuples become lists.

    Raises
    ------
    FileError
        If the file cannot be written, or an array cannot be stored exactly.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.lamina"
    >>> write_tensors(path, {"weight": np.eye(2)}, {"kind": "example"})
    >>> arrays, header = read_tensors(path)
    >>> arrays["weight"].tolist(), header
    ([[1.0, 0.0], [0.0, 1.0]], {'kind': 'example'})
    """
    # safetensors 0.8 writes the raw memory of Fortran-ordered arrays as if it were C-ordered, without a word.
    native = {name: _storable(name, array) for name, array in arrays.items()}
    text = json.dumps(header, default=_to_plain)
    metadata = {"format": _FORMAT, "format_version": str(FORMAT_VERSION), "header": text, "crc32": _checksum(text, native)}
    data = save_safetensors(native, metadata=metadata)
    _check_read_back(native, load_safetensors(data))
    with atomic_write(path) as file:
        file.write(data)


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote: writable arrays, and the header.

    Raises
    ------
    FileError
        If the file is missing, damaged, not one of Lamina's, or written by a newer format version.
    """
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {name!r}: {(error.strerror or str(error)).lower()}. Check the path.") from error
    metadata = _metadata(name, data)
    try:
        loaded = load_safetensors(data)
        text = metadata["header"]
        intact = metadata["crc32"] == _checksum(text, loaded)
        header = json.loads(text)
    except (SafetensorError, KeyError, ValueError) as error:
        raise _damaged(name) from error
    if not intact:
        raise _damaged(name)
    return {key: np.array(array) for key, array in loaded.items()}, header


def _storable(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise FileError(f"array {name!r} must hold booleans, integers or floats of up to 64 bits, got dtype {array.dtype}.")
    # ascontiguousarray makes a 0-d array 1-d, hence the reshape.
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    total = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), total)
        total = zlib.crc32(array.reshape(-1).view(np.uint8).data, total)
    return f"{total:08x}"


def _check_read_back(written: Mapping[str, np.ndarray], read: Mapping[str, np.ndarray]) -> None:
    for name, array in written.items():
        if read[name].dtype != array.dtype or read[name].shape != array.shape or read[name].tobytes() != array.tobytes():
            raise FileError(f"array {name!r} did not survive serialization; nothing was written.")


def _metadata(name: str, data: bytes) -> dict[str, str]:
    """The file's metadata, once it is known to be a file of Lamina's of a version that can be read."""
    length = int.from_bytes(data[:8], "little")
    # A safetensors header opens with a brace; its size is bounded by the format itself (100 MB).
    if len(data) < 9 or length > 100_000_000 or data[8:9] != b"{":
        raise FileError(f"{name!r} is not a file written by Lamina. Name a model file saved by `lamina train` or `save_model`.")
    try:
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    except ValueError as error:
        raise _damaged(name) from error
    if metadata.get("format") != _FORMAT:
        raise FileError(f"{name!r} is a safetensors file, but not one written by Lamina. Name a model file saved by Lamina.")
    version = metadata.get("format_version", "")
    if not version.isdecimal():
        raise _damaged(name)
    if int(version) > FORMAT_VERSION:
        raise FileError(
            f"{name!r} must have a format version of at most {FORMAT_VERSION}, got {int(version)}. "
            "It was written by a newer Lamina: upgrade with `pip install --upgrade lamina`."
        )
    return dict(metadata)


def _damaged(name: str) -> FileError:
    return FileError(
        f"{name!r} is damaged: it was cut short or changed after it was written. Take a copy that is whole, or train again."
    )


def _to_plain(value: object) -> object:
    """JSON's words for NumPy's numbers and arrays."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"the header holds a {type(value).__name__}, which JSON cannot express")
