"""Encoder of dates and times: a trend, and the position in the yearly, weekly and daily cycles."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.missing import is_missing, object_values, times_array
from lamina.data.columns.number import NumberColumn
from lamina.errors import DataError, InvalidSettingError, phrase_unknown

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

#: The years that 64-bit microseconds can represent.
_FIRST_YEAR, _LAST_YEAR = -290_000, 294_000


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
    def fit(cls, series: nw.Series) -> Self | None:
        """The encoder of a column, or None if the column holds only one time."""
        times = _times_of(series)
        trend = NumberColumn.fit_values(series.name, _days(times), "robust")
        if trend is None:
            return None
        known = times[~np.isnat(times)]
        circles = tuple(name for name, (_, position) in _CIRCLES.items() if len(np.unique(position(known))) > 1)
        return cls(series.name, trend, circles)

    @property
    def feature_names(self) -> list[str]:
        waves = [f"{self.column}:{wave}({circle})" for circle in self.circles for wave in ("sin", "cos")]
        first, *missing = self.trend.feature_names
        return [first, *waves, *missing]

    def transform(self, series: nw.Series) -> np.ndarray:
        times = _times_of(series)
        missing = np.isnat(times)
        times = np.where(missing, np.datetime64(0, "us"), times)
        waves = []
        for name in self.circles:
            length, position = _CIRCLES[name]
            angle = 2.0 * np.pi * position(times) / length
            waves += [np.where(missing, 0.0, np.sin(angle)), np.where(missing, 0.0, np.cos(angle))]
        trend = self.trend.encode(np.where(missing, np.nan, _days(times)))
        return np.column_stack([trend[:, :1], *waves, trend[:, 1:]]).astype(np.float32)

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        return cls(state["column"], NumberColumn.from_dict(state["trend"]), tuple(state["circles"]))


def _days(times: np.ndarray) -> np.ndarray:
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 86_400e6)


def _times_of(series: nw.Series) -> np.ndarray:
    """A column's times, ndarray of shape (n,) datetime64[us], NaT where missing; ISO 8601 text is parsed."""
    if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if isinstance(series.dtype, nw.Datetime) or series.dtype == nw.Date:
        return _as_microseconds(series.name, times_array(series))
    times = np.full(len(series), np.datetime64("NaT", "us"), dtype="M8[us]")
    values = object_values(series)
    for i in np.flatnonzero(~is_missing(series)):
        times[i] = _time(series.name, values[i], int(i))
    return times


def _time(column: str, value: object, row: int) -> np.datetime64:
    # datetime64 takes a plain number for a count of units, and "now" and "today" for the current time.
    if isinstance(value, (bool, int, float)) or (isinstance(value, str) and value.lower() in ("now", "today")):
        raise _not_a_date(column, value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    may_be_far = isinstance(value, str) and value[4:5].isdigit()  # a year of five digits or more
    try:
        time: np.datetime64 = np.datetime64(value) if may_be_far else np.datetime64(value, "us")  # type: ignore[call-overload]
    except (ValueError, TypeError, OverflowError) as error:
        raise _not_a_date(column, value) from error
    return _as_microseconds(column, np.array([time]), first_row=row)[0] if may_be_far else time


def _as_microseconds(column: str, times: np.ndarray, *, first_row: int = 0) -> np.ndarray:
    """Times of any unit in microseconds, rounded down."""
    # Depending on its version, NumPy wraps dates out of range to another year or raises.
    years = times.astype("M8[Y]").astype(np.int64) + 1970
    is_too_far = ((years < _FIRST_YEAR) | (years > _LAST_YEAR)) & ~np.isnat(times)
    if is_too_far.any():
        row = int(np.flatnonzero(is_too_far)[0])
        rule = f"must hold dates between the years {_FIRST_YEAR} and {_LAST_YEAR}"
        got = f"{times[row]!s} (row {first_row + row + 1})"
        raise DataError(f"column {column!r} {rule}, got {got}. Correct it or leave it empty.")
    return times.astype("M8[us]")


def _not_a_date(column: str, value: object) -> DataError:
    return DataError(
        f"column {column!r} must hold dates, as in training, got {value!r}. "
        "Write them as 2024-12-31 or 2024-12-31 23:59, or leave them empty."
    )
