"""Checks that numbers are finite, and stay finite in another dtype, usually for the cost of one sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.errors import DataError

if TYPE_CHECKING:
    from lamina.engine.plan import InputArray

__all__ = ["check_finite", "converted", "is_beyond", "is_finite", "repair_of"]

_CHUNK_BYTES = 1 << 22
_FEW = 1 << 10


def check_finite(array: InputArray, label: str) -> None:
    """Raise if an array holds NaN or infinity; the message gives their number and the first column with one.

    Parameters
    ----------
    array : ndarray of shape (n, width), or CSR
    label : str
        The array's name in the error.

    Raises
    ------
    DataError

    Examples
    --------
    >>> check_finite(np.array([[1.0, np.nan], [2.0, np.inf]]), "X")
    Traceback (most recent call last):
        ...
    lamina.errors.DataError: X must hold finite numbers, got 2 that are NaN or infinite, the first in column 1. Fill or drop them.
    """
    if not isinstance(array, np.ndarray):
        values: np.ndarray = array.data
        if not _is_finite(values):
            wrong = ~np.isfinite(values)
            raise _error(label, int(wrong.sum()), int(array.indices[wrong].min()))
    elif not is_finite(array):
        counts = sum(np.count_nonzero(~np.isfinite(part), axis=0) for part in _row_parts(array))
        raise _error(label, int(np.sum(counts)), int(np.argmax(counts > 0)))


def converted(array: np.ndarray, dtype: np.dtype, label: str) -> np.ndarray:
    """``array`` converted to ``dtype``, without a copy if it has it; NaN and infinity are left to :func:`check_finite`.

    Raises
    ------
    DataError
        If a finite number is beyond the range of the dtype.

    Examples
    --------
    >>> converted(np.array([1e200]), np.dtype("float16"), "y")
    Traceback (most recent call last):
        ...
    lamina.errors.DataError: y holds 1e+200, which is beyond the range of float16. Scale the data.
    """
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "biu":  # all within the range of float32
        return array.astype(dtype)
    with np.errstate(over="ignore"):
        found = array.astype(dtype)
    if found.size and not _is_finite(found.reshape(-1)):
        grown = np.isinf(found) & (np.abs(array) != np.inf)
        if grown.any():
            raise DataError(f"{label} holds {array[grown][0]:.6g}, which is beyond the range of {dtype}. {repair_of(dtype)}")
    return found


def is_beyond(array: InputArray, dtype: np.dtype) -> bool:
    """Whether a finite number of ``array`` becomes infinite in ``dtype``, in which the engine computes."""
    values: np.ndarray = array if isinstance(array, np.ndarray) else array.data
    largest = np.finfo(dtype).max
    return values.dtype != dtype and bool(values.max(initial=0.0) > largest or values.min(initial=0.0) < -largest)


def repair_of(dtype: np.dtype) -> str:
    """The fix for numbers beyond the range of ``dtype``."""
    wider = ', or compute in float64: Trainer(dtype="float64"), or a float64 X for an estimator'
    return f"Scale the data{wider if dtype == np.float32 else ''}."


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers of an array (n, width) are finite."""
    return all(map(_is_finite, _parts(array)))


def _error(label: str, count: int, column: int) -> DataError:
    which = f"{count} that are NaN or infinite, the first in column {column}"
    return DataError(f"{label} must hold finite numbers, got {which}. Fill or drop them.")


def _is_finite(values: np.ndarray) -> bool:
    """A sum is finite only if all its terms are; it may also overflow, and then the terms are checked one by one."""
    if values.size <= _FEW:  # setting errstate would cost more than the check
        return bool(np.isfinite(values).all())
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum()
    return bool(np.isfinite(total)) or bool(np.isfinite(values).all())


def _parts(array: np.ndarray) -> list[np.ndarray]:
    """Views that fit in the cache (and release a memmap's pages), along whichever axis is contiguous."""
    if array.nbytes <= _CHUNK_BYTES:
        return [array]
    return _row_parts(array) if array.strides[0] >= array.strides[1] else _row_parts(array.T)


def _row_parts(array: np.ndarray) -> list[np.ndarray]:
    rows = max(1, _CHUNK_BYTES // max(1, array.itemsize * array.shape[1]))
    return [array[start : start + rows] for start in range(0, array.shape[0], rows)]
