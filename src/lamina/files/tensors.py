"""Arrays and a JSON header in one safetensors file: reading one runs no code, and equal content gives equal bytes.

The header is stored as a string in safetensors' own metadata, with a format version and a CRC-32 of header and arrays:
safetensors detects truncated files, but not flipped bits.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina.errors import FileError
from lamina.files.atomic import atomic_write
from lamina.files.boundary import decoding
from lamina.files.json_text import encode_json, parse_json
from lamina.files.layout import read_layout, read_metadata, write_layout
from lamina.files.reading import opened

__all__ = ["FORMAT_VERSION", "read_tensors", "write_tensors"]

FORMAT_VERSION = 5
"""Version of the files that are written. Raise it whenever their contents change; CONTRIBUTING.md lists the other steps."""

_FORMAT = "lamina"
# Other files rarely begin with so small a number. The safetensors library allows 100 MB; histories of a million epochs need more.
_LONGEST_HEADER = (1 << 32) - 1


def write_tensors(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON-serializable header to one file, atomically.

    Parameters
    ----------
    path : str or path
        The file to create or replace; if writing fails, an existing file is kept.
    arrays : mapping of str to ndarray
        Booleans, integers or floats of any shape, memory order and byte order.
    header : mapping
        JSON-serializable; NumPy scalars and arrays become numbers and lists, tuples become lists.

    Raises
    ------
    FileError
        If the file cannot be written, or an array cannot be stored exactly.
    InvalidSettingError
        If a part of the header could not be written and read back; the message names the part.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.lamina"
    >>> write_tensors(path, {"weight": np.eye(2)}, {"kind": "example"})
    >>> arrays, header = read_tensors(path)
    >>> arrays["weight"].tolist(), header
    ([[1.0, 0.0], [0.0, 1.0]], {'kind': 'example'})
    """
    text = encode_json(header)
    native = {name: _storable(name, array) for name, array in arrays.items()}
    checksum = _checksum(text.encode(), native)
    metadata = {"format": _FORMAT, "format_version": str(FORMAT_VERSION), "header": text, "crc32": checksum}
    with atomic_write(path) as file:
        write_layout(file, native, metadata)


def read_tensors(
    path: str | os.PathLike[str], *, upgrades: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a file written by :func:`write_tensors`: writable arrays, and the header.

    Parameters
    ----------
    path : str or path
        A regular file; devices and pipes, which may be endless, are rejected.
    upgrades : mapping of int to callable, optional
        For each earlier format version that can be read, the function that converts its header to the next version. By default,
        headers are the same in all versions.

    Raises
    ------
    FileError
        If the file is missing, damaged, not written by Lamina, or its format version is newer or too old.
    """
    name = os.fspath(path)
    with opened(path) as (file, size):
        _check_first_bytes(name, file.read(9))
        file.seek(0)
        try:
            metadata, entries = read_metadata(file, size)
            version = _version(name, metadata)
            text = metadata.pop("header").encode()
            arrays = read_layout(file, size, entries)
            if metadata.get("crc32") != _checksum(text, arrays):
                raise ValueError("the checksum does not match")
            header = parse_json(text, size)
            if not isinstance(header, dict):
                raise ValueError("the header is not a JSON object")
        except MemoryError as error:
            raise FileError(f"cannot read {name!r}: it does not fit into memory. Free some, or use a larger machine.") from error
        except (ValueError, KeyError) as error:
            raise _damaged(name, error) from error
    return arrays, _upgraded(name, header, version, upgrades)


def _storable(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise FileError(f"array {name!r} must hold booleans, integers or floats of up to 64 bits, got dtype {array.dtype}.")
    # ascontiguousarray makes a 0-d array 1-d, hence the reshape.
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


def _checksum(text: bytes, arrays: Mapping[str, np.ndarray]) -> str:
    total = zlib.crc32(text)
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), total)
        total = zlib.crc32(array.reshape(-1).view(np.uint8).data, total)
    return f"{total:08x}"


def _check_first_bytes(name: str, start: bytes) -> None:
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or length > _LONGEST_HEADER or start[8:] != b"{":
        raise FileError(f"{name!r} is not a file written by Lamina. Name a model file saved by `lamina train` or `save_model`.")


def _version(name: str, metadata: Mapping[str, Any]) -> int:
    """The format version; raises if the file is not Lamina's, or of a version that is newer."""
    if metadata.get("format") != _FORMAT:
        raise FileError(f"{name!r} is a safetensors file, but not one written by Lamina. Name a model file saved by Lamina.")
    version = metadata.get("format_version", "")
    if not re.fullmatch("[1-9][0-9]{0,8}", version):
        raise ValueError("the format version is not a whole number")
    if int(version) > FORMAT_VERSION:
        raise FileError(
            f"{name!r} must have a format version of at most {FORMAT_VERSION}, got {version}. "
            "It was written by a newer Lamina: upgrade with `pip install --upgrade lamina`."
        )
    return int(version)


def _upgraded(
    name: str,
    header: dict[str, Any],
    version: int,
    upgrades: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None,
) -> dict[str, Any]:
    """The header, converted to the current format version."""
    for earlier in range(version, FORMAT_VERSION if upgrades is not None else version):
        if upgrades is None or earlier not in upgrades:
            raise FileError(
                f"{name!r} must have a format version of {FORMAT_VERSION}, got {version}. It was written by an older Lamina, "
                "and holds less than this one needs: use that version to finish, or start over."
            )
        with decoding(name, f"what format version {earlier} says"):
            header = upgrades[earlier](header)
    return header


def _damaged(name: str, reason: Exception) -> FileError:
    return FileError(
        f"{name!r} is damaged: it was cut short or changed after it was written ({reason}). Use an intact copy, or train again."
    )
