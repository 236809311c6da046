"""Digest of categories: each counted, or where there are too many, the frequent ones by a sketch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

import numpy as np

from lamina.data.columns import CategoryColumn, CodedColumn, ColumnEncoder
from lamina.data.columns.frequent import CategoryCounts, counts_of
from lamina.data.digests.column_digest import ColumnDigest, FittingSettings
from lamina.data.nothing_to_learn import nothing_to_learn
from lamina.data.values import Values
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import datasketches
else:
    datasketches = OptionalModule("datasketches", owner="learning from shards")

__all__ = ["MOST_COUNTED", "CategoryDigest"]

MOST_COUNTED = 1 << 17
"""So many distinct categories of a column are counted one by one."""

_LOG_SIZE = 18  # of the sketch's table of counters


class CategoryDigest(ColumnDigest):
    """How many rows each category of a column has.

    Up to 131,072 categories are counted exactly. Of more, the frequent ones are found by a sketch (Anderson et al. 2017, "A
    high-performance algorithm for identifying frequent items in data streams"): those in more than one of 75,000 rows for
    certain, with counts that are too small by no more than that.

    Examples
    --------
    >>> digest = CategoryDigest()
    >>> digest.add(Values("category", np.array([0, 1, 0, -1], np.int32), np.array(["red", "blue"], object)))
    >>> digest.counts(1).frequent
    {'red': 2, 'blue': 1}
    """

    def __init__(self) -> None:
        super().__init__()
        self._counted: dict[str, int] = {}
        self._sketch: datasketches.frequent_strings_sketch | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every category is counted."""
        return self._sketch is None

    def counts(self, min_count: int) -> CategoryCounts:
        """The categories that have at least ``min_count`` rows for certain."""
        if self._sketch is None:
            return counts_of(self._counted.items(), min_count, self.num_missing, self.num_rows)
        kind = datasketches.frequent_items_error_type.NO_FALSE_POSITIVES
        found = self._sketch.get_frequent_items(kind, max(min_count - 1, 0))
        return counts_of(((name, low) for name, _, low, _ in found), min_count, self.num_missing, self.num_rows)

    def encoder(self, column: str, settings: FittingSettings) -> ColumnEncoder | None:
        counted = self.counts(settings.min_count)
        if settings.embed_from is not None:
            coded = CodedColumn.of_counts(column, counted, fewest=settings.embed_from)
            if coded is not None:
                return coded
        return CategoryColumn.of_counts(column, counted, max_categories=settings.max_categories)

    def why_nothing(self) -> str:
        differ = self._sketch is not None or len(self._counted) > 1
        return nothing_to_learn("category", num_present=self.num_rows - self.num_missing, differ=differ)

    def rare(self, encoder: ColumnEncoder) -> int:
        if not isinstance(encoder, CategoryColumn | CodedColumn):
            return 0
        names = set(encoder.categories)
        known = sum(count for name, count in self.counts(1).frequent.items() if name in names)
        return self.num_rows - self.num_missing - known

    def _take_in(self, values: Values) -> None:
        names = cast("np.ndarray", values.names)
        counts = np.bincount(values.array + 1, minlength=len(names) + 1)[1:]
        used = np.flatnonzero(counts)
        self._add(dict(zip(names[used].tolist(), counts[used].tolist(), strict=True)))

    def _take_over(self, other: Self) -> None:
        if other._sketch is None:
            self._add(other._counted)
        else:
            self._sketched().merge(other._sketch)

    def _add(self, counts: dict[str, int]) -> None:
        if self._sketch is None:
            known = self._counted
            for name, count in counts.items():
                known[name] = known.get(name, 0) + count
            if len(known) > MOST_COUNTED:
                self._sketched()
        else:
            for name, count in counts.items():
                self._sketch.update(name, count)

    def _sketched(self) -> datasketches.frequent_strings_sketch:
        """The sketch, which takes over what was counted."""
        if self._sketch is None:
            self._sketch = datasketches.frequent_strings_sketch(_LOG_SIZE)
            for name, count in sorted(self._counted.items()):
                self._sketch.update(name, count)
            self._counted = {}
        return self._sketch
