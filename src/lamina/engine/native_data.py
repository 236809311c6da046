"""From the caller's arrays to what the compiled engine reads: checked once, copied only where their memory cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lamina.engine import _native
from lamina.engine.plan import Batches, InputArray
from lamina.engine.program import Program
from lamina.errors import DataError, ShapeError, phrase

__all__ = ["as_batches", "as_order"]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def as_batches(program: Program, data: Batches, dtype: np.dtype, *, with_targets: bool = True) -> _native.Batches:
    """Check the arrays' number and shapes against the program, and hand them over."""
    widths = [program.widths[b] for b in program.inputs]
    inputs = [_source(x, name, data.num_rows, dtype) for x, name in _named(data.inputs, widths, "input")]
    targets: list[_native.Source] = []
    if with_targets:
        _refuse_external(program)
        target_widths = [head.target_width for head in program.heads]
        targets = [_source(y, name, data.num_rows, dtype) for y, name in _named(data.targets, target_widths, "target")]
    weight = data.sample_weight
    if weight is not None:
        weight = np.ascontiguousarray(weight, dtype=np.float64)
        if weight.shape != (data.num_rows,):
            raise ShapeError(phrase("sample_weight", f"must have shape ({data.num_rows},)", weight.shape))
    return _native.Batches.make(inputs, targets, weight)


def as_order(order: np.ndarray | None, num_rows: int) -> np.ndarray:
    """Row numbers as a contiguous int64 vector, all within the data; all rows where ``order`` is None."""
    if order is None:
        return np.arange(num_rows, dtype=np.int64)
    order = np.ascontiguousarray(order, dtype=np.int64)
    if order.size and (order.min() < 0 or order.max() >= num_rows):
        raise DataError(phrase("order", f"must hold row numbers from 0 to {num_rows - 1}", (int(order.min()), int(order.max()))))
    return order


def _named(arrays: Sequence[InputArray], widths: Sequence[int], kind: str) -> list[tuple[InputArray, str]]:
    if len(arrays) != len(widths):
        raise ShapeError(phrase(f"{kind}s", f"must be {len(widths)} arrays, as the program has them", len(arrays)))
    for i, (array, width) in enumerate(zip(arrays, widths, strict=True)):
        if array.ndim != 2 or array.shape[1] != width:
            raise ShapeError(phrase(f"{kind} {i}", f"must have shape (n, {width})", array.shape))
    return [(array, f"{kind} {i}") for i, array in enumerate(arrays)]


def _refuse_external(program: Program) -> None:
    if any(head.kind == "external" for head in program.heads):
        rule = "must have a loss of its own to be trained, evaluated or differentiated by the executor"
        raise DataError(phrase("head", rule, "external", repair="Use forward and backward_and_update instead."))


def _source(array: InputArray, name: str, num_rows: int, dtype: np.dtype) -> _native.Source:
    if array.shape[0] != num_rows:
        raise ShapeError(phrase(name, f"must have {num_rows} rows like the first input", array.shape[0]))
    if sparse.issparse(array):
        return _sparse_source(array, dtype)
    dense = np.asarray(array)
    readable = dense.dtype in _FLOATS and dense.dtype.isnative and dense.flags.aligned
    if not readable or any(stride % dense.itemsize for stride in dense.strides):
        dense = dense.astype(dtype)
    return _native.Source.dense(dense)


def _sparse_source(array: sparse.csr_matrix | sparse.csr_array, dtype: np.dtype) -> _native.Source:
    rows = array.tocsr()
    values = rows.data if rows.data.dtype in _FLOATS and rows.data.dtype.isnative else rows.data.astype(dtype)
    index = np.result_type(rows.indices, rows.indptr)
    index = index if index in (np.dtype(np.int32), np.dtype(np.int64)) else np.dtype(np.int64)
    columns, offsets = (np.ascontiguousarray(part, dtype=index) for part in (rows.indices, rows.indptr))
    return _native.Source.sparse(np.ascontiguousarray(values), columns, offsets, int(rows.shape[1]))
