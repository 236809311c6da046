"""Durations as they are written: 26:30:00, 1 day 02:30:00, P1DT2H30M."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.formats.found import Found
from lamina.data.formats.shapes import Shape, shapes_of
from lamina.data.formats.texts import as_large, normalized, sample
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading durations")
    pc = OptionalModule("pyarrow.compute", owner="reading durations")

__all__ = ["STYLES", "DurationFormat", "learn_duration_format"]

_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"  # pandas gives each part a sign: P-1DT2H0M0S
# Years and months, which ISO 8601 has too, are of no certain length.
STYLES = {
    "clock": (
        "^(?P<sign>[+-]?)(?:(?P<days>[0-9]+) days?(?P<comma>,?)(?: (?P<time_sign>[+-]?))?)?"
        r"(?:(?P<hours>[0-9]+):(?P<minutes>[0-9]{2})(?::(?P<seconds>[0-9]{2}(?:\.[0-9]+)?))?)?$"
    ),
    "iso": (
        f"^(?P<sign>[+-]?)P(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
        f"(?:T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?$"
    ),
}
_MICROSECONDS = {"weeks": 604_800e6, "days": 86_400e6, "hours": 3_600e6, "minutes": 60e6, "seconds": 1e6}


class DurationFormat(NamedTuple):
    """How durations are written.

    Parameters
    ----------
    style : {"clock", "iso"}, default "clock"
        "clock": hours, minutes and perhaps seconds, as ``26:30`` and ``26:30:00.5``, perhaps with days before them:
        ``1 day 02:30:00``, and ``-1 days +02:30:00`` as pandas writes -21:30 hours; or days alone. "iso": as ``P1DT2H30M``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> (DurationFormat().parse(pa.array(["1:30", "-1 days +23:00:00"]))[0] / 60e6).tolist()
    [90.0, -60.0]
    """

    style: str = "clock"

    def describe(self) -> str:
        """A few words for a table.

        >>> DurationFormat("iso").describe()
        'ISO 8601 duration'
        """
        return "ISO 8601 duration" if self.style == "iso" else "hours:minutes"

    def parse(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The lengths of texts.

        Parameters
        ----------
        texts : Array of string or large_string
            Without nulls and surrounding white space.

        Returns
        -------
        microseconds : ndarray of shape (n,), float64
            NaN where a text has another format.
        fits : ndarray of shape (n,), bool
            Where a text has this format.

        Examples
        --------
        >>> import pyarrow as pa
        >>> [array.tolist() for array in DurationFormat("iso").parse(pa.array(["PT1.5S", "P", "P1M"]))]
        [[1500000.0, nan, nan], [True, False, False]]
        """
        texts = normalized(as_large(texts))
        values = np.full(len(texts), np.nan)
        for shape in shapes_of(texts, STYLES[self.style]):
            values[shape.rows] = _microseconds(shape)
        return values, ~np.isnan(values)


def learn_duration_format(texts: pa.Array) -> Found | None:
    """The format in which all texts are durations.

    Parameters
    ----------
    texts : Array of string or large_string
        The distinct values of a column, at least one, without nulls and surrounding white space.

    Returns
    -------
    Found or None
        None if there is no such format.

    Examples
    --------
    >>> import pyarrow as pa
    >>> learn_duration_format(pa.array(["00:30", "1 day, 2:00:00"])).format
    DurationFormat(style='clock')
    >>> learn_duration_format(pa.array(["00:30", "PT1H"])) is None
    True
    """
    texts = as_large(texts)
    forms = map(DurationFormat, STYLES)
    form = next((form for form in forms if form.parse(texts.slice(0, 1))[1].all()), None)
    if form is None or ((few := sample(texts)) is not None and not form.parse(few)[1].all()):
        return None
    return Found(form) if form.parse(texts)[1].all() else None


def _microseconds(shape: Shape) -> np.ndarray:
    """The lengths of texts of a shape; NaN where there is none."""
    written = [name for name in _MICROSECONDS if shape.text(name)]
    if not written:
        return np.full(len(shape.rows), np.nan)
    total = sum((shape.number(name) * _MICROSECONDS[name] for name in written if name != "days"), np.zeros(len(shape.rows)))
    days = shape.number("days") * _MICROSECONDS["days"]
    is_negative = shape.text("sign") == "-"
    if "time_sign" not in shape.match.re.groupindex:
        return -(total + days) if is_negative else total + days
    total[_is_beyond(shape, "minutes") | _is_beyond(shape, "seconds")] = np.nan
    # Python and pandas write less than nothing as days below it, and a time of day after their beginning.
    time_sign = shape.text("time_sign")
    counts_on = time_sign == "+" or (shape.text("comma") == "," and time_sign != "-")
    if time_sign == "-":
        total = -total
    if not is_negative:
        return total + days
    return total - days if counts_on else -total - days


def _is_beyond(shape: Shape, name: str) -> np.ndarray:
    """Where a clock cannot show a number."""
    return np.asarray(shape.whole(name, 2) > 59)
