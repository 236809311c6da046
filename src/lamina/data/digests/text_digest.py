"""Digest of free text: how many are missing; the words are learned from a sample of the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from lamina.data.columns import FreeTextColumn
from lamina.data.digests.column_digest import ColumnDigest, FittingSettings
from lamina.data.nothing_to_learn import nothing_to_learn
from lamina.data.values import Values

__all__ = ["TextDigest"]


class TextDigest(ColumnDigest):
    """What is known of a column of free text; ``sample`` holds the texts of some rows before an encoder is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.sample: Values | None = None

    def encoder(self, column: str, settings: FittingSettings) -> FreeTextColumn | None:
        found = None if self.sample is None else FreeTextColumn.fit(column, self.sample)
        return None if found is None else replace(found, has_missing=self.num_missing > 0)

    def why_nothing(self) -> str:
        present = np.empty(0) if self.sample is None else self.sample.array[~self.sample.missing]
        return nothing_to_learn("text", num_present=self.num_rows - self.num_missing, differ=len(np.unique(present)) > 1)

    def _take_in(self, values: Values) -> None:
        pass

    def _take_over(self, other: Self) -> None:
        pass
