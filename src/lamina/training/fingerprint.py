"""A checksum of the training data, so that a checkpoint is not resumed on other data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from lamina.engine.plan import Batches, InputArray

__all__ = ["fingerprint"]

_CHUNK_BYTES = 1 << 24


def fingerprint(*parts: Batches | None) -> str:
    """A checksum of inputs, targets and weights that depends on values, dtypes and shapes, but not on the memory layout.

    Examples
    --------
    >>> x = np.arange(6.0).reshape(3, 2)
    >>> fingerprint(Batches([x])) == fingerprint(Batches([np.asfortranarray(x)]))
    True
    >>> fingerprint(Batches([x])) == fingerprint(Batches([x[::-1]]))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        arrays = [] if part is None else [*part.inputs, *part.targets]
        weights = [] if part is None or part.sample_weight is None else [part.sample_weight]
        digest.update(f"{len(arrays)} {len(weights)};".encode())
        for array in [*arrays, *weights]:
            digest.update(f"{array.shape} {array.dtype};".encode())
            for piece in _pieces(array):
                digest.update(piece.view(np.uint8).data)
    return digest.hexdigest()


def _pieces(array: InputArray) -> Iterable[np.ndarray]:
    """The values in contiguous pieces: a memmap need not fit into memory."""
    if not isinstance(array, np.ndarray):
        for values in (array.indptr, array.indices, array.data):
            yield np.ascontiguousarray(values)
        return
    rows = max(1, _CHUNK_BYTES // max(1, array.nbytes // max(1, len(array))))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows]).reshape(-1)
