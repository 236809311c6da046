"""Digest of truth values: how many rows hold each."""

from __future__ import annotations

from typing import Self

import numpy as np

from lamina.data.columns import BooleanColumn
from lamina.data.digests.column_digest import ColumnDigest, FittingSettings
from lamina.data.nothing_to_learn import nothing_to_learn
from lamina.data.values import MISSING_CODE, Values

__all__ = ["BooleanDigest"]


class BooleanDigest(ColumnDigest):
    """How many rows of a column are missing, false and true."""

    def __init__(self) -> None:
        super().__init__()
        self._counts = np.zeros(3, np.int64)

    def encoder(self, column: str, settings: FittingSettings) -> BooleanColumn | None:
        return BooleanColumn.of_codes(column, frozenset((np.flatnonzero(self._counts) + MISSING_CODE).tolist()))

    def why_nothing(self) -> str:
        return nothing_to_learn("boolean", num_present=self.num_rows - self.num_missing, differ=False)

    def _take_in(self, values: Values) -> None:
        self._counts += np.bincount(values.array - MISSING_CODE, minlength=3)

    def _take_over(self, other: Self) -> None:
        self._counts += other._counts
