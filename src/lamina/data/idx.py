"""Reader of IDX, the format of MNIST's files: a magic number, the sizes, and the bytes (described on LeCun's page of 1998)."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from lamina.errors import FileError

__all__ = ["read_idx"]

_UNSIGNED_BYTE = 8
_GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes in an IDX file, gzipped or not.

    Raises
    ------
    FileError
        If the file is missing, damaged, or of a different kind.
    """
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if raw[:2] == _GZIP else raw
    except (OSError, EOFError) as error:
        raise FileError(f"cannot read {str(path)!r}: {error}.") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != _UNSIGNED_BYTE:
        raise FileError(f"{str(path)!r} must be an IDX file of unsigned bytes, but does not start like one.")
    num_axes, start = raw[3], 4 + 4 * raw[3]
    if len(raw) < start:
        raise FileError(f"{str(path)!r} is damaged: it ends within its header. Download it again.")
    shape = struct.unpack(f">{num_axes}I", raw[4:start])
    if len(raw) - start != math.prod(shape):
        raise FileError(f"{str(path)!r} is damaged: {math.prod(shape)} bytes must follow its header, got {len(raw) - start}.")
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(shape)
