"""Digest of numbers: exact counts as long as few differ, from then on a t-digest; with extremes and moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from lamina.data.columns import NumberColumn
from lamina.data.digests.column_digest import ColumnDigest, FittingSettings
from lamina.data.nothing_to_learn import LARGEST_WHOLE, nothing_to_learn
from lamina.data.values import Values
from lamina.extras import OptionalModule
from lamina.moments import RunningMoments

if TYPE_CHECKING:
    import datasketches
else:
    datasketches = OptionalModule("datasketches", owner="learning from shards")

__all__ = ["NumberDigest", "NumbersGoneBy"]

MOST_EXACT = 4096
"""So many distinct numbers are counted one by one."""

_CENTROIDS = 4000  # of the t-digest: quartiles within 0.1 % of rank, 80 kB; a KLL sketch would draw random numbers without a seed
_AT_ONCE = 1 << 20


class NumbersGoneBy:
    """What an encoder of numbers has to know (:class:`~lamina.data.columns.NumberSummary`), of numbers added block by block.

    With up to 4,096 distinct numbers, quartiles are exact. With more, they come from a t-digest (Dunning 2021, "The t-digest:
    efficient estimates of distributions"), and lie within 0.1 % of the rank asked for, whatever the order of the blocks. Counts
    and extremes are exact, and moments up to rounding.
    """

    def __init__(self) -> None:
        self.num_missing = 0
        self.num_finite = 0
        self.low, self.high = 0.0, 0.0
        self._infinite = np.zeros(2, np.int64)  # negative, positive
        self._moments = RunningMoments()
        self._values, self._counts = np.empty(0), np.empty(0, np.int64)
        self._digest: datasketches.tdigest_double | None = None

    @property
    def num_infinite(self) -> int:
        """How many are infinite."""
        return int(self._infinite.sum())

    def add(self, numbers: np.ndarray) -> None:
        """Take in numbers, ndarray of shape (n,) float64, NaN where missing."""
        finite = numbers[np.isfinite(numbers)]
        if len(finite) < len(numbers):
            self.num_missing += int(np.isnan(numbers).sum())
            self._infinite += [int((numbers == -np.inf).sum()), int((numbers == np.inf).sum())]
        if len(finite):
            self._widen(float(finite.min()), float(finite.max()))
            self._moments.add(finite)
            self.num_finite += len(finite)
            self._count(finite)

    def merge(self, other: Self) -> None:
        """Take in what another one knows."""
        self.num_missing += other.num_missing
        self._infinite += other._infinite
        if other.num_finite:
            self._widen(other.low, other.high)
            self._moments.merge(other._moments)
            self.num_finite += other.num_finite
            if other._digest is None:
                self._count_each(other._values, other._counts)
            else:
                self._digested().merge(other._digest)

    def quartiles(self, unit: float) -> tuple[float, float, float]:
        """The quartiles in units of ``unit``; infinite ones count as the extremes."""
        present, last = self.num_finite + self.num_infinite, self.num_finite - 1
        # Places among the finite ones in their order.
        places = [min(max(q * (present - 1) - int(self._infinite[0]), 0.0), last) for q in (0.25, 0.5, 0.75)]
        first, second, third = (self._at(place, unit) for place in places)
        return first, second, third

    def moments(self, unit: float) -> tuple[float, float]:
        """Mean and standard deviation in units of ``unit``."""
        moments = self._moments.copy()
        for extreme, infinite in zip((self.low, self.high), self._infinite.tolist(), strict=True):
            if infinite:
                moments.join(infinite, np.longdouble(extreme), np.longdouble(0))
        return float(moments.mean / unit), 0.0 if self.low == self.high else float(moments.deviation / unit)

    def distance(self, center: float) -> float:
        """The mean distance of the finite numbers from a center: exact as long as they are counted one by one."""
        if self._digest is None:
            return float(np.average(np.abs(self._values - center), weights=self._counts))
        ranks = (np.arange(_CENTROIDS) + 0.5) / _CENTROIDS
        return float(np.mean([abs(self._digest.get_quantile(rank) - center) for rank in ranks.tolist()]))

    @property
    def exact(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The distinct finite numbers, rising, and how often each was there; None if they are too many."""
        return None if self._digest is not None else (self._values, self._counts)

    def _widen(self, low: float, high: float) -> None:
        self.low = min(self.low, low) if self.num_finite else low
        self.high = max(self.high, high) if self.num_finite else high

    def _count(self, finite: np.ndarray) -> None:
        if self._digest is None:
            # A column of which most numbers differ is known by a part of them.
            some = finite[: 4 * MOST_EXACT]
            if len(np.unique(some)) <= MOST_EXACT:
                self._count_each(*np.unique(finite, return_counts=True))
                return
        self._digested().update(finite)

    def _count_each(self, values: np.ndarray, counts: np.ndarray) -> None:
        if self._digest is not None:
            self._repeat(values, counts)
            return
        merged = np.concatenate([self._values, values])
        distinct, places = np.unique(merged, return_inverse=True)
        self._counts = np.bincount(places, np.concatenate([self._counts, counts])).astype(np.int64)
        self._values = distinct
        if len(distinct) > MOST_EXACT:
            self._digested()

    def _digested(self) -> datasketches.tdigest_double:
        """The t-digest, which takes over what was counted."""
        if self._digest is None:
            self._digest = datasketches.tdigest_double(_CENTROIDS)
            values, counts = self._values, self._counts
            self._values, self._counts = np.empty(0), np.empty(0, np.int64)
            self._repeat(values, counts)
        return self._digest

    def _repeat(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Add numbers that were counted; the t-digest takes no weights."""
        assert self._digest is not None
        ends = np.cumsum(counts)
        for start in range(0, int(ends[-1]) if len(ends) else 0, _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, int(ends[-1])))
            self._digest.update(values[np.searchsorted(ends, rows, side="right")])

    def _at(self, place: float, unit: float) -> float:
        """The number at a place from 0 in units of ``unit``, between two as np.quantile has it."""
        if self._digest is not None:
            return float(self._digest.get_quantile(place / max(self.num_finite - 1, 1))) / unit
        below = np.floor(place)
        neighbors = self._values[np.searchsorted(np.cumsum(self._counts), [below, np.ceil(place)], side="right")]
        return float(np.quantile(neighbors / unit, place - below))


class NumberDigest(ColumnDigest):
    """What is known of a column of numbers.

    Examples
    --------
    >>> digest = NumberDigest()
    >>> for block in ([1.0, 2.0], [np.nan, 3.0]):
    ...     digest.add(Values("number", np.array(block)))
    >>> digest.encoder("size", FittingSettings()).center, digest.num_missing
    (2.0, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self.numbers = NumbersGoneBy()

    def encoder(self, column: str, settings: FittingSettings) -> NumberColumn | None:
        return NumberColumn.of_summary(column, self.numbers, settings.scaling)

    def why_nothing(self) -> str:
        low, high = self.numbers.low, self.numbers.high
        differ = low != high or self.numbers.num_infinite > 0
        num_present = self.num_rows - self.num_missing
        return nothing_to_learn("number", num_present=num_present, differ=differ, are_huge=abs(low) >= LARGEST_WHOLE)

    def _take_in(self, values: Values) -> None:
        self.numbers.add(values.array)

    def _take_over(self, other: Self) -> None:
        self.numbers.merge(other.numbers)
