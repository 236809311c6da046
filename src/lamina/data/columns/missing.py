"""Missing values of a column: nulls, and NaN in numeric columns."""

from __future__ import annotations

from decimal import InvalidOperation

import narwhals.stable.v2 as nw
import numpy as np

from lamina.errors import DataError

__all__ = ["is_missing", "object_values", "times_array"]


def is_missing(series: nw.Series) -> np.ndarray:
    """Where a column holds null or NaN, ndarray of shape (n,) bool."""
    try:
        missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    except InvalidOperation as error:  # pandas compares each value
        raise DataError(
            f"column {series.name!r} must hold numbers, got Decimal('sNaN'). Correct it or leave it empty."
        ) from error
    if series.dtype.is_float():
        missing = missing | np.asarray(series.is_nan().fill_null(True).to_numpy(), dtype=bool)
    return missing


def object_values(series: nw.Series) -> np.ndarray:
    """A column's values as Python objects, ndarray of shape (n,) object, None where missing."""
    values = np.empty(len(series), dtype=object)
    values[:] = _listed(series)
    # pandas marks missing values with pd.NA, NaN or NaT, and comparing with pd.NA raises.
    values[is_missing(series)] = None
    return values


def times_array(series: nw.Series) -> np.ndarray:
    """A column of dates, naive times or durations in its own unit, ndarray of shape (n,), NaT where missing."""
    if series.dtype == nw.Date and series.implementation.is_pandas():
        # pandas has dates only as Arrow types, and converts them through Python's, which end with the year 9999.
        return np.asarray(series.to_arrow().to_numpy(zero_copy_only=False))
    times = series.to_numpy()
    # Durations of Arrow type in pandas are not converted by to_numpy.
    return times if times.dtype.kind in "mM" else np.asarray(series.to_arrow().to_numpy(zero_copy_only=False))


def _listed(series: nw.Series) -> list[object]:
    if not isinstance(series.dtype, nw.Datetime | nw.Date | nw.Duration):
        return series.to_list()
    in_utc = series
    if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone:
        in_utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    times = times_array(in_utc)
    # Python's times and durations have limits; NumPy's string forms have none.
    if _python_knows(times[~np.isnat(times)]):
        try:
            return series.to_list()
        except ValueError:
            pass  # pyarrow cannot convert nanoseconds without pandas
    return [_label(time) for time in times]


def _python_knows(times: np.ndarray) -> bool:
    if times.dtype.kind == "m":
        return bool((np.abs(times.astype("m8[D]").astype(np.int64)) < 999_999_999).all())
    years = times.astype("M8[Y]").astype(np.int64) + 1970
    return bool(((years > 1) & (years < 9999)).all())  # a time zone may shift a time beyond the first or last year


def _label(time: np.datetime64 | np.timedelta64) -> str:
    """A time as Python's ``str`` writes it: without decimals if they are all zero."""
    text = str(time).replace("T", " ")
    return text.rstrip("0").rstrip(".") if "." in text else text
