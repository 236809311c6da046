"""Encoder of dates and times: a trend, and the position in the yearly, weekly and daily cycles."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from array_api_compat import array_namespace

from lamina.data.by_value import by_value
from lamina.data.columns.arithmetic import MISSING_DATE, Formula
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.number import NumberColumn
from lamina.data.columns.number_summary import NumbersOfArray, NumberSummary
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, phrase_unknown

__all__ = ["DateColumn", "circle_positions", "days_of"]

_MINUTES_A_DAY = 24 * 60
_MINUTE_US = 60_000_000
_DAY_US = _MINUTES_A_DAY * _MINUTE_US


# Of whole numbers, in arrays of any library that follows the array API standard; // rounds down, also before 1970.


def _day(times: Any) -> Any:
    """The days since 1 January 1970 of microseconds since then."""
    return times // _DAY_US


def _minute_of_day(times: Any) -> Any:
    return times // _MINUTE_US % _MINUTES_A_DAY


def _day_of_year(days: Any) -> Any:
    """0 on 1 January. In years that begin on 1 March, the leap day is the last (Hinnant, "chrono-compatible date algorithms")."""
    xp = array_namespace(days)
    shifted = days + 719_468  # since 1 March of the year 0
    of_era = shifted - shifted // 146_097 * 146_097  # eras of 400 years
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    day = of_era - (365 * year + year // 4 - year // 100)
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year == 0))
    return xp.where(day >= 306, day - 306, day + 59 + xp.astype(is_leap, xp.int64))


def _weekday(days: Any) -> Any:
    # Day 0 was a Thursday; Monday is 0.
    return (days + 3) % 7


def _itself(numbers: Any) -> Any:
    return numbers


class _Circle(NamedTuple):
    """A cycle of ``length``; where a time stands on it follows from a whole ``number``, of which there are few."""

    length: float
    number: Callable[[Any], Any]
    position: Callable[[Any], Any]

    def positions(self, times: np.ndarray) -> np.ndarray:
        return by_value(self.position, self.number(_microseconds(times)))

    def waves(self, times: np.ndarray) -> np.ndarray:
        """The sine and cosine of the positions of times, ndarray of shape (2, n)."""
        return by_value(lambda numbers: np.stack(self.waves_at(numbers)), self.number(_microseconds(times)))

    def waves_at(self, numbers: Any) -> tuple[Any, Any]:
        """The sine and cosine of the positions of ``number`` of times."""
        xp = array_namespace(numbers)
        angle = 2.0 * math.pi * xp.astype(self.position(numbers), xp.float64) / self.length
        return xp.sin(angle), xp.cos(angle)


def _microseconds(times: np.ndarray) -> np.ndarray:
    return times.astype("M8[us]").astype(np.int64)


_CIRCLES = {
    "year": _Circle(365.2425, _day, _day_of_year),
    "week": _Circle(7.0, _day, _weekday),
    "day": _Circle(float(_MINUTES_A_DAY), _minute_of_day, _itself),
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

    @property
    def arithmetic(self) -> Formula:
        return Formula(self._features)

    def _features(self, times: Any) -> tuple[Any, ...]:
        xp = array_namespace(times)
        is_missing = times == MISSING_DATE
        days = xp.where(is_missing, math.nan, xp.astype(times, xp.float64) / float(_DAY_US))
        first, *missing = self.trend.arithmetic.of(days)
        some = xp.where(is_missing, 0, times)
        circles = [_CIRCLES[name] for name in self.circles]
        waves = [wave for circle in circles for wave in circle.waves_at(circle.number(some))]
        return (first, *(xp.where(is_missing, 0.0, wave) for wave in waves), *missing)

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
