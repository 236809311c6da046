"""Names with settings behind them, as one text: ``normal:std=0.05``, ``step:epochs=10,factor=0.5``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lamina.errors import InvalidSettingError, phrase

__all__ = ["read_named", "split_name"]

_Made = TypeVar("_Made")
_WORDS = {"true": True, "false": False, "none": None}


def read_named(text: str, make: Callable[..., _Made]) -> str | _Made:
    """The text itself if it is a bare name, otherwise ``make(name, **settings)``.

    Parameters
    ----------
    text : str
        ``name`` or ``name:setting=value,setting=value``. Values are numbers, "true", "false", "none", or else texts.
    make : callable
        One of Lamina's ``get_…`` functions.

    Raises
    ------
    InvalidSettingError
        If the text has another form, or ``make`` knows no such name or setting.

    Examples
    --------
    >>> from lamina.initializers import get_initializer
    >>> read_named("normal", get_initializer), read_named("normal:std=0.05", get_initializer)
    ('normal', Normal(std=0.05))
    """
    name, settings = split_name(text)
    return make(name, **settings) if settings else text


def split_name(text: str) -> tuple[str, dict[str, Any]]:
    """The name, and the settings behind it.

    >>> split_name("step:epochs=10,factor=0.5")
    ('step', {'epochs': 10, 'factor': 0.5})
    """
    name, colon, rest = text.partition(":")
    settings = {}
    for setting in rest.split(",") if colon else ():
        key, _, value = (part.strip() for part in setting.partition("="))
        if not (key and value):
            raise InvalidSettingError(phrase("a name with settings", "must have the form name:setting=value,setting=value", text))
        settings[key] = _value(value)
    return name.strip(), settings


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
