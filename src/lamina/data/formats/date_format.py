"""Dates and times as they are written: ISO 8601, numbers in any order, English names of months.

Only the order of day, month and year is learned. Whatever stands between them, and the time behind, may differ from text to text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.by_value import by_value
from lamina.data.formats.found import Found
from lamina.data.formats.shapes import Shape, shapes_of
from lamina.data.formats.texts import all_match, as_large, cast_or_none, flags, normalized, sample
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading dates")
    pc = OptionalModule("pyarrow.compute", owner="reading dates")

__all__ = ["ORDERS", "DateFormat", "learn_date_format"]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ORDERS = {"ymd": "year-month-day", "dmy": "day-month-year", "mdy": "month-day-year"}
#: The years that 64-bit microseconds can represent.
_FIRST_YEAR, _LAST_YEAR = -290_000, 294_000
_FIRST_OF_1900S = 69  # of years of two digits, as in POSIX
_MICROSECONDS_A_DAY = 86_400_000_000

_NUMERIC = r"^[0-9]{1,2}[-/.][0-9]"
_BEGINNING = f"^(?:[+-]?[0-9]{{1,6}}[-/. ]|(?i:{'|'.join(month[:3] for month in _MONTHS)}))"
_SEPARATOR = "(?P<{}>[-/.])"
_DAY, _MONTH, _YEAR = "(?P<day>[0-9]{1,2})", "(?P<month>[0-9]{1,2})", "(?P<year>[0-9]{4}|[0-9]{2})"
_NAME = "(?P<name>(?i:" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS if month != "May") + r"|may|sept)\.?)"
_CLOCK = r":(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?(?: ?(?P<half>(?i:[ap]\.?m\.?)))?"
_ZONE = "(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_TIME = f"(?:(?:T|,? ) ?(?P<hour>[0-9]{{1,2}}){_CLOCK}{_ZONE})?$"
_ISO_TIME = f"(?:(?:T|,? ) ?(?P<hour>[0-9]{{1,2}})(?:{_CLOCK})?{_ZONE})?$"
_HAS_ZONE = r"[T ][0-9:. ]+(?i:[ap]\.?m\.?)? ?(?:Z|UTC|GMT|[+-][0-9:]+)$"

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_ISO_WIDTH = len("2020-01-05T10:00:00.123456")

_FIRST, _SECOND = _SEPARATOR.format("mark"), _SEPARATOR.format("same_mark")
_PATTERNS = {
    # ISO 8601 writes a sign and more digits where four are not enough (NumPy, -001), and may leave out the minutes.
    "ymd": (f"^(?P<year>[0-9]{{4,6}}|[+-][0-9]{{3,6}}){_FIRST}{_MONTH}{_SECOND}{_DAY}{_ISO_TIME}",),
    "dmy": (
        f"^{_DAY}{_FIRST}{_MONTH}{_SECOND}{_YEAR}{_TIME}",
        rf"^{_DAY}(?:\.? )?(?P<mark>[-/]?){_NAME}(?:,? )?(?P<same_mark>[-/]?){_YEAR}{_TIME}",
    ),
    "mdy": (
        f"^{_MONTH}{_FIRST}{_DAY}{_SECOND}{_YEAR}{_TIME}",
        f"^{_NAME}(?P<mark>) {_DAY}(?P<same_mark>)(?:,|, | ){_YEAR}{_TIME}",
    ),
}


class DateFormat(NamedTuple):
    """How dates are written: in which order.

    A time of day may follow, as ``23:59``, ``23:59:59.5`` or ``11:59 PM``, and a zone. Times with a zone are converted to UTC.

    Parameters
    ----------
    order : {"ymd", "dmy", "mdy"}
        Of year, month and day. Also of dates with the month's English name: "dmy" reads ``1-Aug-22``, "mdy" ``August 1, 2022``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> times, fits = DateFormat("dmy").parse(pa.array(["24.12.2024 18:00", "2024-12-24"]))
    >>> times.astype(str).tolist(), fits.tolist()
    (['2024-12-24T18:00:00.000000', 'NaT'], [True, False])
    """

    order: str

    def describe(self) -> str:
        """A few words for a table.

        >>> DateFormat("mdy").describe()
        'month-day-year'
        """
        return ORDERS[self.order]

    def parse(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The times of texts.

        Parameters
        ----------
        texts : Array of string or large_string
            Without nulls, empty texts and surrounding white space.

        Returns
        -------
        times : ndarray of shape (n,), datetime64[us]
            In UTC, NaT where a text has another format or names a day that does not exist. What is shorter than a microsecond
            is cut off; a year of two digits lies between 1969 and 2068.
        fits : ndarray of shape (n,), bool
            Where a text has this format.

        Examples
        --------
        >>> import pyarrow as pa
        >>> [array.tolist() for array in DateFormat("mdy").parse(pa.array(["Feb 30 2024", "2/3/24"]))]
        [[None, datetime.datetime(2024, 2, 3, 0, 0)], [False, True]]
        """
        texts = as_large(texts)
        if self.order == "ymd" and (cast := _iso_times(texts)) is not None:
            return cast.copy(), np.ones(len(texts), bool)  # Arrow's own memory cannot be written to
        texts = normalized(texts)
        times = np.full(len(texts), np.datetime64("NaT", "us"))
        for shape in shapes_of(texts, *_PATTERNS[self.order]):
            times[shape.rows] = _times(shape)
        return times, ~np.isnat(times)


def learn_date_format(texts: pa.Array, *, dayfirst: bool | None = None) -> Found | None:
    """The format in which all texts are dates.

    Parameters
    ----------
    texts : Array of string or large_string
        The distinct values of a column, at least one, without nulls, empty texts and surrounding white space.
    dayfirst : bool, optional
        Whether ``1/2/2024`` is in February. By default, a number above 12 anywhere tells; without one, the month
        comes first.

    Returns
    -------
    Found or None
        None if there is no such format, or if some texts have a time zone and others have none. Its note says where the
        order of day and month is open.

    Examples
    --------
    >>> import pyarrow as pa
    >>> learn_date_format(pa.array(["1/2/2024", "13/2/2024"])).format
    DateFormat(order='dmy')
    >>> learn_date_format(pa.array(["1/2/2024"])).note
    '1/2/2024 was read as January 2; dayfirst=True reads it as 1 February'
    """
    texts = as_large(texts)
    orders = _possible_orders(texts, dayfirst)
    if not orders:
        return None
    if _iso_times(texts) is not None:  # which takes no mixture of zones
        return Found(DateFormat("ymd"))
    few = sample(texts)
    if few is not None:  # what all texts have, these have
        orders = list(_fitting(few, orders))
    parsed = _fitting(texts, orders)
    if not parsed or len(np.unique(flags(normalized(texts), _HAS_ZONE))) > 1:
        return None
    order, *others = parsed
    return Found(DateFormat(order), _note_of_order(texts, parsed[order], parsed[others[0]]) if others else "")


def _possible_orders(texts: pa.Array, dayfirst: bool | None) -> list[str]:
    """The orders by what the first text looks like: a format of all texts is one of them."""
    first = normalized(texts.slice(0, 1))
    if not flags(first, _BEGINNING).all():
        return []
    orders = ["ymd", "mdy", "dmy"]
    if dayfirst is not None and flags(texts, _NUMERIC).any():
        orders = ["dmy" if dayfirst else "mdy"]
    return [order for order in orders if any(flags(first, pattern).all() for pattern in _PATTERNS[order])]


def _fitting(texts: pa.Array, orders: list[str]) -> dict[str, np.ndarray]:
    """The times of all texts in each of the orders that fit all."""
    parsed = {order: DateFormat(order).parse(texts) for order in orders}
    return {order: times for order, (times, fits) in parsed.items() if fits.all()}


def _note_of_order(texts: pa.Array, month_first: np.ndarray, day_first: np.ndarray) -> str:
    """What to know where the month was taken to come first and no text settles it."""
    differs = month_first != day_first
    if not differs.any():
        return ""
    text = pc.min(texts.filter(pa.array(differs))).as_py()
    time = DateFormat("mdy").parse(pa.array([text]))[0][0].item()
    month_as_day = f"{time.month} {_MONTHS[time.day - 1]}"
    return f"{text} was read as {_MONTHS[time.month - 1]} {time.day}; dayfirst=True reads it as {month_as_day}"


def _iso_times(texts: pa.Array) -> np.ndarray | None:
    """The times by Arrow's own cast, where it accepts all texts: ISO 8601, all with a zone or all without."""
    local, utc = pa.timestamp("us"), pa.timestamp("us", "UTC")
    found = next((cast for kind in (local, utc) if (cast := cast_or_none(texts, kind)) is not None), None)
    if found is None and (zone := next((zone for zone in ("", "Z") if all_match(texts, f"{_ISO}{zone}$")), None)) is not None:
        # More than six decimals, of which the first six count. Nanoseconds would reach from 1677 to 2262 only.
        found = cast_or_none(pc.utf8_slice_codeunits(pc.utf8_rtrim(texts, zone) if zone else texts, 0, _ISO_WIDTH), local)
    if found is None:
        return None
    times: np.ndarray = found.cast(pa.int64()).to_numpy().view("M8[us]")
    return times


def _times(shape: Shape) -> np.ndarray:
    """The times of texts of a shape, NaT where there is no such time."""
    if shape.text("mark") != shape.text("same_mark"):
        return np.full(len(shape.rows), np.datetime64("NaT", "us"))
    days, is_date = _days(shape)
    microseconds, is_time = _time_of_day(shape)
    times: np.ndarray = (days * _MICROSECONDS_A_DAY + microseconds).view("M8[us]")
    times[~(is_date & is_time)] = np.datetime64("NaT")
    return times


def _days(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1 January 1970, and where there is such a day."""
    year, month, day = shape.whole("year"), _month(shape), shape.whole("day")
    written = shape.text("year")
    if written.startswith("-"):
        year = -year
    if len(written) < 4:
        year = year + np.where(year >= _FIRST_OF_1900S, 1900, 2000)
    is_near = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
    months = np.where(is_near, (year - 1970) * 12 + month - 1, 0)
    begin, end = (by_value(_first_days, edge) for edge in (months, months + 1))
    return begin + day - 1, is_near & (day >= 1) & (day <= end - begin)


def _first_days(months: np.ndarray) -> np.ndarray:
    """The first days of months; both are counted from January 1970."""
    days: np.ndarray = months.view("M8[M]").astype("M8[D]").astype(np.int64)
    return days


def _month(shape: Shape) -> np.ndarray:
    beginning = shape.text("name")[:3].lower()
    if not beginning:
        return shape.whole("month")
    found = next((i for i, month in enumerate(_MONTHS, start=1) if month[:3].lower() == beginning), 0)
    return np.full(len(shape.rows), found)


def _time_of_day(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds since midnight in UTC, and where there is such a time."""
    hour, minute, second = (shape.whole(name) for name in ("hour", "minute", "second"))
    fraction = shape.whole("fraction", 6) * 10 ** max(6 - len(shape.text("fraction")), 0)
    is_time = (hour <= 23) & (minute <= 59) & (second <= 59)
    if half := shape.text("half").lower():
        is_time &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    ahead, is_zone = _minutes_ahead(shape)
    return ((hour * 60 + minute - ahead) * 60 + second) * 1_000_000 + fraction, is_time & is_zone


def _minutes_ahead(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """By how many minutes a zone is ahead of UTC, and where there is such a zone."""
    zone = shape.text("zone")
    hours = shape.whole("zone", 2)
    minutes = shape.whole("zone") - 100 * hours if zone.count("0") == 4 else np.zeros_like(hours)
    sign = -1 if zone.startswith("-") else 1
    return sign * (hours * 60 + minutes), (hours <= 23) & (minutes <= 59)
