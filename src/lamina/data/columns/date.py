"""Encoder of dates and times: a trend, and the position in the yearly, weekly and daily cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.number import NumberColumn
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, phrase_unknown

__all__ = ["DateColumn"]


def _part(unit: str, whole: str) -> Callable[[np.ndarray], np.ndarray]:
    """How far a time is into its ``whole``, in ``unit``."""
    return lambda times: (times.astype(f"M8[{unit}]") - times.astype(f"M8[{whole}]").astype(f"M8[{unit}]")).astype(np.float64)


def _weekday(times: np.ndarray) -> np.ndarray:
    # Day 0 of NumPy's calendar, 1 January 1970, was a Thursday; Monday is 0.
    return (times.astype("M8[D]").astype(np.int64) + 3) % 7.0


# name -> (length of the circle, position on it)
_CIRCLES: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "year": (365.2425, _part("D", "Y")),
    "week": (7.0, _weekday),
    "day": (24.0 * 60.0, _part("m", "D")),
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
        times = values.array
        trend = NumberColumn.fit_numbers(column, _days(times), "robust")
        if trend is None:
            return None
        known = times[~np.isnat(times)]
        circles = tuple(name for name, (_, position) in _CIRCLES.items() if _differ(position(known)))
        return cls(column, trend, circles)

    @property
    def feature_names(self) -> list[str]:
        waves = [f"{self.column}:{wave}({circle})" for circle in self.circles for wave in ("sin", "cos")]
        first, *missing = self.trend.feature_names
        return [first, *waves, *missing]

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        missing = np.isnat(entries)
        last = 1 + 2 * len(self.circles)
        self.trend.write(_days(entries), trend := np.empty((len(entries), 1 + self.trend.has_missing), np.float32))
        out[:, 0], out[:, last:] = trend[:, 0], trend[:, 1:]
        times = np.where(missing, np.datetime64(0, "us"), entries)
        for i, name in enumerate(self.circles):
            length, position = _CIRCLES[name]
            angle = 2.0 * np.pi * position(times) / length
            out[:, 1 + 2 * i] = np.where(missing, 0.0, np.sin(angle))
            out[:, 2 + 2 * i] = np.where(missing, 0.0, np.cos(angle))

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        return cls(state["column"], NumberColumn.from_dict(state["trend"]), tuple(state["circles"]))


def _days(times: np.ndarray) -> np.ndarray:
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 86_400e6)


def _differ(places: np.ndarray) -> bool:
    return len(places) > 0 and bool((places != places[0]).any())
