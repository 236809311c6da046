"""Numbers as they are written: decimal and thousands marks, currencies, units, and minus signs of every kind.

A format is learned from one text, which shows what stands before and behind the number, and from the marks that occur in
any text: they leave one or two readings, and that which fits all texts is the column's. A whole number with a leading zero
(``007``) is a name and has no format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.formats.found import Found
from lamina.data.formats.texts import all_match, as_large, cast_or_none, contents, flags, holds, normalized, sample, without_bytes
from lamina.errors import InvalidSettingError, phrase
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading numbers")
    pc = OptionalModule("pyarrow.compute", owner="reading numbers")

__all__ = ["CURRENCY_CODES", "THOUSANDS", "NumberFormat", "is_currency", "is_unit", "learn_number_format"]

THOUSANDS = ("", ",", ".", " ", "'")

# ISO 4217
CURRENCY_CODES = (
    *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD", "HUF"),
    *("IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KZT", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON"),
    *("RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR"),
)

_WORDS = {",": "comma", ".": "dot", " ": "space", "'": "apostrophe", "%": "per cent", "‰": "per mille"}
_INFINITY = "[+-]?(?i:inf|infinity)"
_POWER = "[eE][+-]?[0-9]+"
_NAME = "^[+-]?0[0-9]+$"
# One text, taken apart. What comes before the number is a sign, a parenthesis, a currency, in any order.
_ONE = re.compile(r"(?P<before>[^0-9.,]*)(?:[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?(?:[eE][+-]?[0-9]+)?)(?P<after>.*)", re.DOTALL)
# Letters, signs of degrees, powers behind a letter, slashes, but no exponent: kg, °C, km/h, m², m2. Nor 10², which is 100.
_UNIT = re.compile(r"(?=.{1,12}$)(?![eE](?:[0-9]|$))/?(?:[^\W\d_]|°)(?:[^\W\d_]|[°²³/]|(?<=[^\W\d_])[2-9](?=/|$))*")


class NumberFormat(NamedTuple):
    """How numbers are written; by default, as Python writes them.

    Whatever the format, a number may have a sign (also behind it, or within the currency) or stand in parentheses,
    which make it negative, and any of Unicode's minus signs and spaces are as good as ASCII's. ``1e5`` and ``inf`` are numbers.

    Parameters
    ----------
    decimal : {".", ","}, default "."
        The decimal mark.
    thousands : {"", ",", ".", " ", "'"}, default ""
        What may stand between groups of three digits.
    prefix, suffix : str, default ""
        What stands before every number, a currency, and behind it: a currency, ``%``, ``‰`` or a unit; with or without a space.

    Examples
    --------
    >>> import pyarrow as pa
    >>> values, fits = NumberFormat(decimal=",", thousands=".", suffix="€").parse(pa.array(["1.234,50 €", "-3€", "4 $"]))
    >>> values.tolist(), fits.tolist()
    ([1234.5, -3.0, nan], [True, True, False])
    """

    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""

    def describe(self) -> str:
        """A few words for a table.

        >>> NumberFormat(thousands=",", prefix="$").describe()
        'currency $, thousands comma'
        """
        affixes = filter(None, (self.prefix, self.suffix))
        words = [_WORDS.get(affix) or f"{'currency' if is_currency(affix) else 'unit'} {affix}" for affix in affixes]
        if self.decimal == ",":
            words.append("decimal comma")
        if self.thousands:
            words.append(f"thousands {_WORDS[self.thousands]}")
        return ", ".join(words) or "plain"

    def parse(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of texts.

        Parameters
        ----------
        texts : Array of string or large_string
            Without nulls, empty texts and surrounding white space.

        Returns
        -------
        values : ndarray of shape (n,), float64
            NaN where a text has another format. Equal to what Python's ``float`` makes of the text without all that is not
            part of the number: huge ones are infinite, tiny ones 0.
        fits : ndarray of shape (n,), bool
            Where a text has this format.

        Examples
        --------
        >>> import pyarrow as pa
        >>> [array.tolist() for array in NumberFormat().parse(pa.array(["1e3", "(2)", "007"]))]
        [[1000.0, -2.0, nan], [True, True, False]]
        """
        texts = as_large(texts)
        if (plain := self._plain_values(texts)) is not None:
            return plain.copy(), np.ones(len(texts), bool)  # Arrow's own memory cannot be written to
        texts = normalized(texts)
        fits = flags(texts, self._pattern())
        values = np.full(len(texts), np.nan)
        if fits.all():
            values[:] = self._matching_values(texts)
        elif fits.any():
            values[fits] = self._matching_values(texts.filter(pa.array(fits)))
        return values, fits

    def fits_all(self, texts: pa.Array) -> bool:
        """Whether every text has this format.

        Parameters
        ----------
        texts : Array of large_string
            With ASCII's hyphens, apostrophes and blanks only.

        Examples
        --------
        >>> import pyarrow as pa
        >>> NumberFormat(suffix="kg").fits_all(pa.array(["1 kg", "2"], pa.large_string()))
        False
        """
        return all_match(texts, self._pattern())

    def is_cast(self, texts: pa.Array) -> bool:
        """Whether every text has this format and is written as Python does: the fast way to read them.

        Examples
        --------
        >>> import pyarrow as pa
        >>> NumberFormat().is_cast(pa.array(["1", "(2)"], pa.large_string()))
        False
        """
        return self._plain_values(texts) is not None

    def _plain_values(self, texts: pa.Array) -> np.ndarray | None:
        """The values by Arrow's own cast, where it accepts all texts and they mean the same in this format."""
        if self.decimal != "." or self.prefix or self.suffix or (numbers := cast_or_none(texts, pa.float64())) is None:
            return None
        values: np.ndarray = numbers.to_numpy()
        return None if np.isnan(values).any() or flags(texts, _NAME).any() else values

    def _pattern(self) -> str:
        """The regular expression of a text in this format, for RE2."""
        before = f"{re.escape(self.prefix)} ?" if self.prefix else ""
        behind = f" ?{re.escape(self.suffix)}" if self.suffix else ""
        number = self._number_pattern("*")
        forms = [
            f"(?:[+-] ?)?{before}{number}{behind}",
            f"{before}[+-] ?{number}{behind}",
            rf"\({before}{number}{behind}\)",
            rf"{before}\({number}\){behind}",
        ]
        if not self.suffix or self.suffix in "%‰" or is_currency(self.suffix):  # "3-room" has no minus
            number = self._number_pattern("+")  # nor has "5.-", a price without cents
            forms += [f"{before}{number} ?-{behind}", f"{before}{number}{behind} ?-"]
        if not before and not behind:
            forms.append(_INFINITY)
        return f"^(?:{'|'.join(forms)})$"

    def _number_pattern(self, decimals: str) -> str:
        """The regular expression of what has digits; ``decimals`` says how many follow the decimal mark, at least none or one."""
        decimal = re.escape(self.decimal)
        power = "" if self.suffix.startswith(("e", "E")) else _POWER
        forms = [
            "0|[1-9][0-9]*",
            f"[0-9]+{decimal}[0-9]{decimals}(?:{power})?",
            f"{decimal}[0-9]+(?:{power})?",
            *([f"[0-9]+{power}"] if power else []),
        ]
        if self.thousands:
            forms.append(rf"[1-9][0-9]{{0,2}}(?:{re.escape(self.thousands)}[0-9]{{3}})+(?:{decimal}[0-9]{decimals})?")
        return f"(?:{'|'.join(forms)})"

    def _matching_values(self, texts: pa.Array) -> np.ndarray:
        """The numbers of texts that all have this format."""
        if self.prefix or self.suffix or not holds(texts, "[nN]"):
            return self._finite_values(texts)
        is_infinite = flags(texts, f"^{_INFINITY}$")
        values = np.empty(len(texts))
        values[is_infinite] = texts.filter(pa.array(is_infinite)).cast(pa.float64()).to_numpy()
        if not is_infinite.all():
            values[~is_infinite] = self._finite_values(texts.filter(pa.array(~is_infinite)))
        return values

    def _finite_values(self, texts: pa.Array) -> np.ndarray:
        has_minus, has_parenthesis = holds(texts, "-"), holds(texts, r"\(")
        is_negative = pc.match_substring(texts, "(").to_numpy(zero_copy_only=False) if has_parenthesis else None
        for affix in (self.prefix, self.suffix):
            if re.search("[0-9eE]", affix):  # these bytes are kept below
                texts = pc.replace_substring(texts, affix, "", max_replacements=1)
        cleaned = without_bytes(texts, self._unwanted(), comma=".")
        if has_minus:
            is_last = pc.ends_with(cleaned, "-").to_numpy(zero_copy_only=False)
            if is_last.any():
                cleaned = pc.utf8_rtrim(cleaned, "-")
                is_negative = is_last if is_negative is None else is_last | is_negative
        values: np.ndarray = cleaned.cast(pa.float64()).to_numpy()
        return values if is_negative is None else np.where(is_negative, -values, values)

    def _unwanted(self) -> bytes:
        """The bytes that are no part of a number in this format."""
        return bytes(set(range(256)) - set(b"0123456789eE-" + self.decimal.encode()))


def learn_number_format(texts: pa.Array, *, decimal: str | None = None, thousands: str | None = None) -> Found | None:
    """The format in which all texts are numbers.

    Parameters
    ----------
    texts : Array of string or large_string
        The distinct values of a column, at least one, without nulls, empty texts and surrounding white space.
    decimal : {".", ","}, optional
        The decimal mark. By default, it is found out: of two marks in a text the last one. A comma alone is a thousands mark if
        three digits follow it everywhere; a dot alone is a decimal mark, unless a text has several.
    thousands : {"", ",", ".", " ", "'"}, optional
        What stands between groups of three digits.

    Returns
    -------
    Found or None
        None if there is no such format. Its note says where a comma could have been a decimal mark.

    Raises
    ------
    InvalidSettingError
        If ``decimal`` or ``thousands`` is none of these, or they are the same.

    Examples
    --------
    >>> import pyarrow as pa
    >>> learn_number_format(pa.array(["€ 1.234,50", "€ -7"])).format
    NumberFormat(decimal=',', thousands='.', prefix='€', suffix='')
    >>> learn_number_format(pa.array(["192.168.0.1"])) is None
    True
    """
    _check_marks(decimal, thousands)
    texts, is_plain = as_large(texts), True
    if (few := sample(texts)) is not None:
        # A format of all is one of a few. The other way round a text may stand outside, and marks of others are seen.
        first = _learned(few, decimal, thousands)
        if first is None:
            return None
        is_plain = first.format == NumberFormat(thousands=thousands or "")
    return _learned(texts, decimal, thousands, may_be_plain=is_plain)


def _learned(texts: pa.Array, decimal: str | None, thousands: str | None, *, may_be_plain: bool = True) -> Found | None:
    plain = NumberFormat(thousands=thousands or "")
    if may_be_plain and decimal != "," and thousands != "." and plain.is_cast(texts):
        return Found(plain)
    texts = normalized(texts)
    if (affixes := _affixes(texts)) is None:
        return None
    readings = [NumberFormat(*marks, *affixes) for marks in _readings(texts, decimal, thousands)]
    while readings:
        reading, *readings = readings
        if reading.fits_all(texts):
            is_open = reading.thousands == "," and readings and readings[0].fits_all(texts)
            return Found(reading, _note_of_comma(texts, reading, readings[0]) if is_open else "")
    return None


def _affixes(texts: pa.Array) -> tuple[str, str] | None:
    """What stands before and behind the number in the first text that has one; None if that is no currency or unit."""
    text = texts[0].as_py()
    if re.fullmatch(_INFINITY, text):
        others = texts.filter(pc.invert(pc.match_substring_regex(texts, f"^{_INFINITY}$")))
        text = others[0].as_py() if len(others) else "0"
    if (parts := _ONE.fullmatch(text)) is None:
        return None
    prefix, suffix = parts["before"].strip(" +-("), parts["after"].strip(" -)")
    is_known = (not prefix or is_currency(prefix)) and (not suffix or is_currency(suffix) or is_unit(suffix))
    return (prefix, suffix) if is_known else None


def is_currency(affix: str) -> bool:
    """Whether what stands beside a number is a currency's sign or code: $, US$, EUR.

    >>> is_currency("R$"), is_currency("kg")
    (True, False)
    """
    is_sign = affix != "" and unicodedata.category(affix[-1]) == "Sc"
    return affix in CURRENCY_CODES or (is_sign and re.fullmatch("[A-Z]{0,2}", affix[:-1]) is not None)  # US$, R$


def is_unit(affix: str) -> bool:
    """Whether what stands behind a number is ``%``, ``‰`` or short enough and of such letters that it may be a unit.

    >>> is_unit("µg/m³"), is_unit("kg of salt")
    (True, False)
    """
    return affix in ("%", "‰") or (_UNIT.fullmatch(affix) is not None and not affix.lstrip("/")[0].isnumeric())


def _readings(texts: pa.Array, decimal: str | None, thousands: str | None) -> list[tuple[str, str]]:
    """The decimal and thousands marks that may be meant, the likeliest first, by the marks that occur."""
    raw = contents(texts)[0].to_pybytes()
    has_comma, has_dot = b"," in raw, b"." in raw
    lone = "," if has_comma and not has_dot else "."  # the decimal mark where thousands have another
    if thousands is not None:
        return [(decimal or {",": ".", ".": ","}.get(thousands, lone), thousands)]
    groups = [mark for mark in " '" if mark.encode() in raw and holds(texts, f"[0-9]{mark}[0-9]")]
    if groups:
        return [(decimal or lone, groups[0])] if len(groups) == 1 else []
    if decimal is not None:
        other, occurs = (",", has_comma) if decimal == "." else (".", has_dot)
        return [(decimal, other if occurs else "")]
    if has_comma:
        return [(".", ","), (",", "." if has_dot else "")]
    return [(".", ""), (",", ".")] if has_dot else [(".", "")]


def _note_of_comma(texts: pa.Array, reading: NumberFormat, other: NumberFormat) -> str:
    """What to know where a comma was taken for a thousands mark and no text settles it."""
    text = pc.min(texts.filter(pc.match_substring(texts, ",")))
    (read,), (otherwise,) = (form.parse(pa.array([text.as_py()]))[0] for form in (reading, other))
    return f"{text} was read as {read:.15g}; decimal=',' reads it as {otherwise:.15g}"


def _check_marks(decimal: str | None, thousands: str | None) -> None:
    if decimal not in (None, ".", ","):
        raise InvalidSettingError(phrase("decimal", "must be '.' or ','", decimal))
    if thousands not in (None, *THOUSANDS):
        raise InvalidSettingError(phrase("thousands", "must be '', ',', '.', ' ' or \"'\"", thousands))
    if decimal is not None and decimal == thousands:
        raise InvalidSettingError(phrase("thousands", "must be another mark than decimal", thousands))
