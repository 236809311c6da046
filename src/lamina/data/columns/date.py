"""Encoder of dates and times: a trend, and the position in the yearly, weekly and daily cycles."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from lamina.data.by_value import by_value
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.number import NumberColumn
from lamina.data.columns.number_summary import NumbersOfArray, NumberSummary
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, phrase_unknown

__all__ = ["DateColumn", "circle_positions", "days_of"]

_MINUTES_A_DAY = 24 * 60


def _day(times: np.ndarray) -> np.ndarray:
    """The days since 1 January 1970."""
    return np.asarray(times.astype("M8[D]").astype(np.int64))


def _minute_of_day(times: np.ndarray) -> np.ndarray:
    return np.asarray(times.astype("M8[m]").astype(np.int64) % _MINUTES_A_DAY)


def _day_of_year(days: np.ndarray) -> np.ndarray:
    dates = days.view("M8[D]")
    return np.asarray((dates - dates.astype("M8[Y]").astype("M8[D]")).astype(np.int64))


def _weekday(days: np.ndarray) -> np.ndarray:
    # Day 0 was a Thursday; Monday is 0.
    return np.asarray((days + 3) % 7)


class _Circle(NamedTuple):
    """A cycle of ``length``; where a time stands on it follows from a whole ``number``, of which there are few."""

    length: float
    number: Callable[[np.ndarray], np.ndarray]
    position: Callable[[np.ndarray], np.ndarray]

    def positions(self, times: np.ndarray) -> np.ndarray:
        return by_value(self.position, self.number(times))

    def waves(self, times: np.ndarray) -> np.ndarray:
        """The sine and cosine of the positions of times, ndarray of shape (2, n)."""
        return by_value(self._waves, self.number(times))

    def _waves(self, numbers: np.ndarray) -> np.ndarray:
        angle = 2.0 * np.pi * self.position(numbers) / self.length
        return np.stack((np.sin(angle), np.cos(angle)))


_CIRCLES = {
    "year": _Circle(365.2425, _day, _day_of_year),
    "week": _Circle(7.0, _day, _weekday),
    "day": _Circle(float(_MINUTES_A_DAY), _minute_of_day, np.asarray),
}


@dataclass(frozen=True)
class DateColumn(ColumnEncoder):
    """Encodes a date as a scaled day number plus sine and cosine of its position in the year, the week and the day.

    A cycle in which all training rows share one position is left out. Times with a time zone are converted to UTC.
    Missing dates become 0 everywhere, and 1 in an additional last feature if training had any.
    """

    kind: ClassVar[str] = "date"
    trend: NumberColumn
    circles: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.circles:
            if name not in _CIRCLES:
                raise InvalidSettingError(phrase_unknown(f"a circle of column {self.column!r}", name, _CIRCLES))

    @classmethod
    def fit(cls, column: str, values: Values) -> Self | None:
        """The encoder of a column, or None if the column holds only one time."""
        known = values.array[~np.isnat(values.array)]
        places = circle_positions(known) if len(known) else {}
        circles = tuple(name for name, found in places.items() if _differ(found))
        return cls.of_summary(column, NumbersOfArray(days_of(values.array)), circles)

    @classmethod
    def of_summary(cls, column: str, days: NumberSummary, circles: tuple[str, ...]) -> Self | None:
        """:meth:`fit` on what is known of the days since 1970, and the cycles on which the times have more than one place."""
        trend = NumberColumn.of_summary(column, days, "robust")
        return None if trend is None else cls(column, trend, circles)

    @property
    def feature_names(self) -> list[str]:
        waves = [f"{self.column}:{wave}({circle})" for circle in self.circles for wave in ("sin", "cos")]
        first, *missing = self.trend.feature_names
        return [first, *waves, *missing]

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        return self.trend.is_out_of_range(days_of(values.array)) | (values.missing & (not self.trend.has_missing))

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        missing = np.isnat(entries)
        last = 1 + 2 * len(self.circles)
        self.trend.write(days_of(entries), trend := np.empty((len(entries), 1 + self.trend.has_missing), np.float32))
        out[:, 0], out[:, last:] = trend[:, 0], trend[:, 1:]
        times = np.where(missing, np.datetime64(0, "us"), entries)
        for i, name in enumerate(self.circles):
            waves = _CIRCLES[name].waves(times)
            out[:, 1 + 2 * i : 3 + 2 * i] = np.where(missing, 0.0, waves).T

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        return cls(state["column"], NumberColumn.from_dict(state["trend"]), tuple(state["circles"]))


def days_of(times: np.ndarray) -> np.ndarray:
    """Times as days since 1970, ndarray of shape (n,) float64, NaN where missing."""
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 86_400e6)


def circle_positions(times: np.ndarray, circles: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Where times, at least one and none missing, stand on each of some cycles, by its name; by default on all."""
    return {name: circle.positions(times) for name, circle in _CIRCLES.items() if circles is None or name in circles}


def _differ(places: np.ndarray) -> bool:
    return bool((places != places[0]).any())
