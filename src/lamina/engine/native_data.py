"""Prepares the caller's arrays for the compiled engine: checked once, and copied only if it cannot read their memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lamina.engine.extension import _native
from lamina.engine.plan import Batches, InputArray
from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, ShapeError, phrase

__all__ = ["DataReader", "as_source"]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class DataReader:
    """Reads the data of one program; looks up only once what does not change from call to call.

    Parameters
    ----------
    program : Program
    dtype : dtype
        dtype of arrays that must be converted.
    """

    def __init__(self, program: Program, dtype: np.dtype) -> None:
        self._dtype = dtype
        self._input_widths = [program.widths[buffer] for buffer in program.inputs]
        self._target_widths = [head.target_width for head in program.heads]
        self._has_external = any(head.kind == "external" for head in program.heads)

    def inputs(self, arrays: Sequence[InputArray]) -> _native.Batches:
        """Inputs only, for passes without targets."""
        return _native.Batches.make(self._sources(arrays, self._input_widths, arrays[0].shape[0], "input"), [], None)

    def batches(self, data: Batches) -> _native.Batches:
        """Inputs, targets and sample weights."""
        found = data.read.get(self)
        if found is None:
            found = data.read[self] = self._read(data)
        assert isinstance(found, _native.Batches)
        return found

    def _read(self, data: Batches) -> _native.Batches:
        if self._has_external:
            rule = "must have a built-in loss to be trained, evaluated or differentiated by the executor"
            raise InvalidSettingError(phrase("head", rule, "external", repair="Use forward, backward and update instead."))
        num_rows = data.num_rows
        inputs = self._sources(data.inputs, self._input_widths, num_rows, "input")
        targets = self._sources(data.targets, self._target_widths, num_rows, "target")
        return _native.Batches.make(inputs, targets, _weights(data.sample_weight, num_rows))

    def _sources(self, arrays: Sequence[InputArray], widths: Sequence[int], num_rows: int, kind: str) -> list[_native.Source]:
        if len(arrays) != len(widths):
            raise ShapeError(phrase(f"{kind}s", f"must be {len(widths)} arrays, as in the program", len(arrays)))
        for i, (array, width) in enumerate(zip(arrays, widths, strict=True)):
            if array.shape != (num_rows, width):
                raise _misfit(array, width, num_rows, f"{kind} {i}")
        return [as_source(array, self._dtype) for array in arrays]


def _misfit(array: InputArray, width: int, num_rows: int, name: str) -> ShapeError:
    if array.ndim != 2 or array.shape[1] != width:
        return ShapeError(phrase(name, f"must have shape (n, {width})", array.shape))
    return ShapeError(phrase(name, f"must have {num_rows} rows like the first input", array.shape[0]))


def _weights(sample_weight: np.ndarray | None, num_rows: int) -> np.ndarray | None:
    if sample_weight is None:
        return None
    weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
    if weight.shape != (num_rows,):
        raise ShapeError(phrase("sample_weight", f"must have shape ({num_rows},)", weight.shape))
    return weight


def as_source(array: InputArray, dtype: np.dtype) -> _native.Source:
    """An array in the form that compiled code reads; one that it cannot read is converted to ``dtype``."""
    if not isinstance(array, np.ndarray):
        return _sparse_source(array, dtype)
    flags = array.flags
    readable = array.dtype in _FLOATS and array.dtype.isnative and flags.aligned
    if not (readable and (flags.contiguous or all(stride % array.itemsize == 0 for stride in array.strides))):
        array = _converted(array, dtype)
    return _native.Source.dense(array)


def _sparse_source(array: sparse.csr_matrix | sparse.csr_array, dtype: np.dtype) -> _native.Source:
    rows = array.tocsr()
    values = rows.data if rows.data.dtype in _FLOATS and rows.data.dtype.isnative else _converted(rows.data, dtype)
    index = np.result_type(rows.indices, rows.indptr)
    index = index if index in (np.dtype(np.int32), np.dtype(np.int64)) else np.dtype(np.int64)
    columns, offsets = (np.ascontiguousarray(part, dtype=index) for part in (rows.indices, rows.indptr))
    return _native.Source.sparse(np.ascontiguousarray(values), columns, offsets, int(rows.shape[1]))


def _converted(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers too large for ``dtype`` become infinite without a warning; they show up later as non-finite activations."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype)
