"""A number per row that follows from the row's values alone."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import cast

import numpy as np

from lamina.data.table_reader import ReadTable
from lamina.data.values import MISSING_CODE, Values

__all__ = ["mixed", "row_hashes"]

_ROWS = 1 << 14
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_FINAL = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def row_hashes(table: ReadTable, seed: int) -> np.ndarray:
    """A number per row, ndarray of shape (n,) uint64, uniform over all of them, that depends on the values and the seed alone.

    Categories and texts count by their names, so that equal rows of any block, file or table have equal numbers. The last steps
    are those of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
    """
    start = int.from_bytes(blake2b(str(seed).encode(), digest_size=8).digest(), "little")
    hashes = mixed([_by_name(values) for values in table.values()], table.num_rows, start)
    hashes ^= hashes >> np.uint64(30)
    hashes *= _FINAL[0]
    hashes ^= hashes >> np.uint64(27)
    hashes *= _FINAL[1]
    hashes ^= hashes >> np.uint64(31)
    return hashes


def mixed(arrays: Sequence[np.ndarray], num_rows: int, start: int = 0) -> np.ndarray:
    """A number per row, the same where all arrays hold equal values, ndarray of shape (num_rows,) uint64.

    Different rows have the same number with a probability of 2^-64 a pair.
    """
    numbers = np.full(num_rows, start, dtype=np.uint64)
    # Some rows at a time: their numbers stay in the cache from column to column.
    for first in range(0, num_rows, _ROWS):
        part = numbers[first : first + _ROWS]
        for array in arrays:
            part ^= _bits(array[first : first + _ROWS])
            part *= _MIX
            part ^= part >> np.uint64(32)
    return numbers


def _bits(array: np.ndarray) -> np.ndarray:
    """Values as whole numbers that are equal where these are; all that is missing is one."""
    if array.dtype == np.uint64:
        return array
    if array.dtype == np.float64:
        plain = array + 0.0  # no -0.0
        plain[np.isnan(plain)] = np.nan  # one of many
        return plain.view(np.uint64)
    return array.astype(np.int64).view(np.uint64)


def _by_name(values: Values) -> np.ndarray:
    """Values as they are, or the numbers of names in place of codes."""
    if values.names is None:
        return values.array
    names = cast("list[str]", values.names.tolist())
    numbers = [int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") for name in names]
    numbers.append(0)  # the code of what is missing is the last
    assert MISSING_CODE == -1
    by_row: np.ndarray = np.array(numbers, dtype=np.uint64)[values.array]
    return by_row
