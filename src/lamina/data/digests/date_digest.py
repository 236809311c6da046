"""Digest of dates: their days as numbers, and the cycles on which they have more than one place."""

from __future__ import annotations

from typing import Self

import numpy as np

from lamina.data.columns import DateColumn
from lamina.data.columns.date import circle_positions, days_of
from lamina.data.digests.column_digest import ColumnDigest, FittingSettings
from lamina.data.digests.number_digest import NumbersGoneBy
from lamina.data.nothing_to_learn import nothing_to_learn
from lamina.data.values import Values

__all__ = ["DateDigest"]


class DateDigest(ColumnDigest):
    """What is known of a column of dates."""

    def __init__(self) -> None:
        super().__init__()
        self._days = NumbersGoneBy()
        self._places: dict[str, tuple[float, float]] = {}  # the least and the largest on each cycle

    def encoder(self, column: str, settings: FittingSettings) -> DateColumn | None:
        circles = tuple(name for name, (low, high) in self._places.items() if low != high)
        return DateColumn.of_summary(column, self._days, circles)

    def why_nothing(self) -> str:
        return nothing_to_learn("date", num_present=self.num_rows - self.num_missing, differ=self._days.low != self._days.high)

    def _take_in(self, values: Values) -> None:
        self._days.add(days_of(values.array))
        known = values.array[~np.isnat(values.array)]
        if len(known):
            # Cycles that are known to vary need no further look.
            constant = [name for name, (low, high) in self._places.items() if low == high] if self._places else None
            positions = circle_positions(known, constant)
            self._widen({name: (float(found.min()), float(found.max())) for name, found in positions.items()})

    def _take_over(self, other: Self) -> None:
        self._days.merge(other._days)
        self._widen(other._places)

    def _widen(self, places: dict[str, tuple[float, float]]) -> None:
        for name, (low, high) in places.items():
            known = self._places.get(name, (low, high))
            self._places[name] = (min(known[0], low), max(known[1], high))
