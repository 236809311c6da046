"""Formats as dicts that JSON can hold, and back."""

from __future__ import annotations

from typing import TypeAlias

from lamina.data.formats.boolean_format import WORDS, BooleanFormat
from lamina.data.formats.date_format import ORDERS, DateFormat
from lamina.data.formats.duration_format import STYLES, DurationFormat
from lamina.data.formats.number_format import THOUSANDS, NumberFormat, is_currency, is_unit
from lamina.errors import InvalidSettingError, phrase
from lamina.forms import AtLeast, Form, check_form
from lamina.validation import Rule, choice

__all__ = ["AnyFormat", "format_from_dict", "format_to_dict"]

AnyFormat: TypeAlias = NumberFormat | DateFormat | BooleanFormat | DurationFormat

_PREFIX = Rule("a currency or ''", lambda given: isinstance(given, str) and (given == "" or is_currency(given)))
_SUFFIX = Rule(
    "a currency, a unit or ''", lambda given: isinstance(given, str) and (given == "" or is_currency(given) or is_unit(given))
)
_KINDS: dict[str, tuple[type[AnyFormat], dict[str, Form]]] = {
    "number": (
        NumberFormat,
        {"decimal": choice([".", ","]), "thousands": choice(THOUSANDS), "prefix": _PREFIX, "suffix": _SUFFIX},
    ),
    "date": (DateFormat, {"order": choice(ORDERS)}),
    "boolean": (BooleanFormat, {"yes": choice(yes for yes, _ in WORDS), "no": choice(no for _, no in WORDS)}),
    "duration": (DurationFormat, {"style": choice(STYLES)}),
}


def format_to_dict(form: AnyFormat) -> dict[str, str]:
    """A format as a dict of texts.

    >>> format_to_dict(BooleanFormat("yes", "no"))
    {'kind': 'boolean', 'yes': 'yes', 'no': 'no'}
    """
    kind = next(name for name, (known, _) in _KINDS.items() if isinstance(form, known))
    return {"kind": kind, **form._asdict()}


def format_from_dict(state: object) -> AnyFormat:
    """The format that :func:`format_to_dict` described.

    Raises
    ------
    InvalidSettingError
        If it described none: from a damaged file, anything may come.

    Examples
    --------
    >>> format_from_dict({"kind": "date", "order": "dmy"})
    DateFormat(order='dmy')
    >>> format_from_dict({"kind": "date", "order": "dym"})
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: "order" of the format must be one of 'ymd', 'dmy', 'mdy', got 'dym'.
    """
    check_form(state, AtLeast({"kind": choice(_KINDS)}), "the format")
    assert isinstance(state, dict)
    known, fields = _KINDS[state["kind"]]
    check_form(state, {"kind": choice(_KINDS), **fields}, "the format")
    found = known(**{name: state[name] for name in fields})
    if isinstance(found, NumberFormat) and found.decimal == found.thousands:
        raise InvalidSettingError(phrase('"thousands" of the format', "must be another mark than decimal", found.thousands))
    if isinstance(found, BooleanFormat) and tuple(found) not in WORDS:
        raise InvalidSettingError(phrase("the format", "must have the two words of a pair", tuple(found)))
    return found
