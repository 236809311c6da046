"""Options that count: a number with a fraction is refused, not rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from lamina.errors import InvalidSettingError, phrase

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["refuse_fractions"]


def refuse_fractions(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse values such as 2.9 for options that are whole numbers, wherever they came from; 3.0 is one.

    Raises
    ------
    InvalidSettingError
        With the option, and the value as it was written.
    """
    for argument in arguments:
        if _is_whole(argument.hint):
            for token in argument.tokens:
                if _has_fraction(str(token.value)):
                    raise InvalidSettingError(phrase(argument.name, "must be a whole number", token.value))


def _is_whole(hint: Any) -> bool:
    """Whether an option holds an int, or several."""
    return hint is int or (
        bool(get_args(hint)) and all(_is_whole(kind) for kind in get_args(hint) if kind not in (type(None), ...))
    )


def _has_fraction(text: str) -> bool:
    try:
        return not float(text).is_integer()
    except ValueError:
        return False  # no number at all: the parser says so
