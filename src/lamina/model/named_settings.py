"""Parser of names with settings: ``normal:std=0.05``, ``step:epochs=10,factor=0.5``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from lamina.errors import InvalidSettingError, phrase

__all__ = ["kind_of", "read_kinds", "read_named", "split_name"]

_Made = TypeVar("_Made")
_WORDS = {"true": True, "false": False, "none": None}
_OPENING, _CLOSING = "([", ")]"


def read_named(text: Any, make: Callable[..., _Made]) -> Any:
    """The text itself if it is a bare name, otherwise ``make(name, **settings)``; whatever is no text stays as it is.

    Parameters
    ----------
    text : str
        ``name`` or ``name:setting=value,setting=value``. Values are numbers, "true", "false", "none", or other text. Values
        separated by commas form a list: ``quantile:levels=0.05,0.5,0.95``. A value that has settings itself, and a list of one
        value, need parentheses or brackets: ``warm_up:steps=50,then=(step:epochs=10,factor=0.5)``.
    make : callable
        One of Lamina's ``get_…`` functions.

    Raises
    ------
    InvalidSettingError
        If the text has another form, or ``make`` does not know the name or a setting.

    Examples
    --------
    >>> from lamina.initializers import get_initializer
    >>> from lamina.losses import get_loss
    >>> read_named("normal", get_initializer), read_named("normal:std=0.05", get_initializer)
    ('normal', Normal(std=0.05))
    >>> read_named("quantile:levels=0.05,0.5,0.95", get_loss).levels
    (0.05, 0.5, 0.95)
    """
    if not isinstance(text, str):
        return text
    name, settings = split_name(text)
    return make(name, **settings) if settings else text


def kind_of(given: Any) -> str:
    """The kind that a name with settings, or an object made of it, is of; empty for anything else.

    >>> from lamina.optimizers import Adam
    >>> kind_of("adam:learning_rate=0.1"), kind_of(Adam()), kind_of(None)
    ('adam', 'adam', '')
    """
    kind = split_name(given)[0] if isinstance(given, str) else getattr(given, "kind", "")
    return kind if isinstance(kind, str) else ""


def read_kinds(texts: Sequence[str]) -> dict[str, str]:
    """Kinds of columns by name; a comma that no ``=`` follows belongs to a name.

    >>> read_kinds(["age=number,zip=category", "size, cm=number"])
    {'age': 'number', 'zip': 'category', 'size, cm': 'number'}
    """
    kinds: dict[str, str] = {}
    for text in texts:
        rest = ""
        for piece in text.split(","):
            rest += piece
            name, equals, kind = rest.rpartition("=")
            if equals:
                kinds[name.strip()] = kind.strip()
                rest = ""
            else:
                rest += ","
        if rest:
            raise InvalidSettingError(phrase("kinds", "must have the form column=kind,column=kind", text))
    return kinds


def split_name(text: str) -> tuple[str, dict[str, Any]]:
    """Split a text into the name and its settings.

    >>> split_name("step:epochs=10,factor=0.5")
    ('step', {'epochs': 10, 'factor': 0.5})
    >>> split_name("warm_up:then=(step:epochs=10)")
    ('warm_up', {'then': {'kind': 'step', 'epochs': 10}})
    """
    name, colon, rest = text.partition(":")
    given: dict[str, list[str]] = {}
    for piece in _pieces(rest, text) if colon else ():
        key, equals, value = _halves(piece)
        if equals:
            if key in given:
                raise InvalidSettingError(phrase(f"the setting {key!r}", "must be given once", text, repair="Remove one."))
            given[key] = [value]
        elif given:
            given[list(given)[-1]].append(piece)  # a further value of the list
        if not (given and all(key and all(values) for key, values in given.items())):
            raise InvalidSettingError(phrase("a name with settings", "must have the form name:setting=value,setting=value", text))
    return name.strip(), {
        key: _value(values[0]) if len(values) == 1 else [_value(value) for value in values] for key, values in given.items()
    }


def _pieces(text: str, whole: str) -> Iterator[str]:
    """The pieces between the commas that stand outside parentheses."""
    depth, begin = 0, 0
    for i, mark in enumerate(text):
        depth += (mark in _OPENING) - (mark in _CLOSING)
        if depth < 0:
            break
        if mark == "," and not depth:
            yield text[begin:i].strip()
            begin = i + 1
    if depth:
        raise InvalidSettingError(phrase("a name with settings", "must close every parenthesis that it opens", whole))
    yield text[begin:].strip()


def _halves(piece: str) -> tuple[str, bool, str]:
    """Setting, whether "=" follows, and value; a piece that begins with a parenthesis is a value without a setting."""
    if piece[:1] in tuple(_OPENING):
        return "", False, ""
    key, equals, value = piece.partition("=")
    return key.strip(), bool(equals), value.strip()


def _value(text: str) -> Any:
    if text[0] in _OPENING and text[-1] in _CLOSING:
        inner = text[1:-1].strip()
        if ":" in inner:
            return _described(inner)
        return [_value(piece) for piece in _pieces(inner, text) if piece]
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return _described(text) if ":" in text else text


def _described(text: str) -> dict[str, Any]:
    """A name with settings as the dict that the ``get_…`` functions accept for a nested object."""
    name, settings = split_name(text)
    return {"kind": name, **settings}
