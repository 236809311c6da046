"""Which categories of a column are frequent enough to be learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

import numpy as np

from lamina.data.values import Values

__all__ = ["CategoryCounts", "count_categories", "counts_of"]


class CategoryCounts(NamedTuple):
    """How many rows the frequent categories of a column have, the most frequent first, and how many rows are missing."""

    frequent: dict[str, int]
    missing: int
    num_rows: int

    @property
    def rare(self) -> int:
        """The rows of all other categories."""
        return self.num_rows - self.missing - sum(self.frequent.values())

    def most(self, count: int) -> CategoryCounts:
        """With so many frequent categories at most."""
        return self._replace(frequent=dict(list(self.frequent.items())[:count]))


def count_categories(values: Values, min_count: int) -> CategoryCounts:
    """Count the rows of each category that has at least ``min_count``; ties by name, so that the order of rows has no effect."""
    names = cast("np.ndarray", values.names).tolist()
    missing, *counts = np.bincount(values.array + 1, minlength=len(names) + 1).tolist()
    return counts_of(zip(names, counts, strict=True), min_count, missing, len(values.array))


def counts_of(counted: Iterable[tuple[str, int]], min_count: int, missing: int, num_rows: int) -> CategoryCounts:
    """:func:`count_categories` where each category's rows are counted."""
    found = [(name, count) for name, count in counted if count >= max(min_count, 1)]
    return CategoryCounts(dict(sorted(found, key=lambda pair: (-pair[1], pair[0]))), missing, num_rows)
