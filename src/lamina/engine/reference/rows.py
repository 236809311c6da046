"""Gathers the rows of a batch from the caller's arrays, in the executor's dtype and array library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj, is_numpy_namespace
from scipy import sparse

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.plan import Batches
from lamina.engine.program import Program

__all__ = ["chunks", "gather", "row_weights", "stay_sparse", "total_weight"]


def gather(source: Any, order: np.ndarray, like: Array, *, keep_sparse: bool = False) -> Array:
    """The rows ``order`` of ``source``, (len(order), width), as a new array of the dtype, library and device of ``like``.

    Parameters
    ----------
    source : ndarray, CSR array or matrix, or array of the library of ``like``, of shape (n, width)
    order : int64 ndarray
    keep_sparse : bool
        Keep the rows of a CSR source sparse. Only possible with NumPy; other array libraries get dense rows.

    Examples
    --------
    >>> gather(np.array([[1], [2], [3]]), np.array([2, 0]), np.zeros(1))
    array([[3.],
           [1.]])
    """
    xp = array_namespace(like)
    if is_array_api_obj(source) and not isinstance(source, np.ndarray):
        return xp.astype(xp.take(source, xp.asarray(order, device=like.device), axis=0), like.dtype)
    rows: Any = source[order]  # mypy does not know fancy indexing of sparse arrays
    if sparse.issparse(source):
        if keep_sparse and is_numpy_namespace(xp):
            return rows.astype(like.dtype, copy=False)
        rows = rows.toarray()
    return xp.asarray(np.ascontiguousarray(rows), dtype=like.dtype, device=like.device)


def chunks(num_rows: int, size: int) -> Iterator[np.ndarray]:
    """All row numbers in order, ``size`` at a time; one empty chunk if there are no rows.

    >>> [chunk.tolist() for chunk in chunks(5, 3)]
    [[0, 1, 2], [3, 4]]
    """
    for start in range(0, max(num_rows, 1), size):
        yield np.arange(start, min(start + size, num_rows), dtype=np.int64)


def stay_sparse(program: Program, inputs: Sequence[Any]) -> frozenset[int]:
    """The inputs of a program whose rows stay sparse: they come so, and only dense layers read them."""
    given = {b for b, source in zip(program.inputs, inputs, strict=True) if sparse.issparse(source)}
    if not given:
        return frozenset()
    others = {b for op in program.ops if op.kind != "dense" or op.copies > 1 for b in op.inputs}
    return frozenset(given - others - {*program.outputs, *(head.logits for head in program.heads)})


def row_weights(data: Batches, rows: np.ndarray) -> np.ndarray | None:
    """The sample weights of ``rows``, float64; None if none are given, which means 1."""
    return None if data.sample_weight is None else np.asarray(data.sample_weight, dtype=np.float64)[rows]


def total_weight(data: Batches, rows: np.ndarray) -> float:
    """The sum of the sample weights of ``rows``."""
    weights = row_weights(data, rows)
    return float(len(rows)) if weights is None else float(np.sum(weights))
