"""A column's values as arrays, once it has been read."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

__all__ = ["MISSING_CODE", "ValueKind", "Values"]

ValueKind: TypeAlias = Literal["number", "boolean", "date", "category", "text"]

MISSING_CODE = -1
"""The code of a missing truth value, category or text."""


class Values(NamedTuple):
    """The values of one column.

    Attributes
    ----------
    kind : {"number", "boolean", "date", "category", "text"}
    array : ndarray of shape (n,)
        Numbers as float64, NaN where missing; truth values as int8, 0, 1, or -1 where missing; dates as datetime64[us] in UTC,
        NaT where missing; categories and free text as int32 codes, -1 where missing.
    names : ndarray of shape (number of codes,) of object, or None
        The category or text of each code, each once; None of other kinds.
    """

    kind: ValueKind
    array: np.ndarray
    names: np.ndarray | None = None

    @property
    def missing(self) -> np.ndarray:
        """Where values are missing, ndarray of shape (n,) bool."""
        missing: np.ndarray = {"number": np.isnan, "date": np.isnat}.get(self.kind, _is_missing_code)(self.array)
        return missing

    @property
    def num_missing(self) -> int:
        """How many values are missing."""
        return int(self.missing.sum())

    def take(self, rows: np.ndarray) -> Values:
        """The values of some rows, by their numbers."""
        return self._replace(array=self.array[rows])


def _is_missing_code(codes: np.ndarray) -> np.ndarray:
    return np.asarray(codes == MISSING_CODE)
