"""Integer options: a number with a fraction is rejected, not rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from lamina.errors import InvalidSettingError, phrase

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["refuse_fractions"]


def refuse_fractions(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Reject values such as 2.9 for integer options, whether from the command line or a file; 3.0 is accepted.

    Raises
    ------
    InvalidSettingError
        Names the option, and the value as written.
    """
    for argument in arguments:
        if _is_whole(argument.hint):
            for token in argument.tokens:
                if _has_fraction(str(token.value)):
                    raise InvalidSettingError(phrase(argument.name, "must be a whole number", token.value))


def _is_whole(hint: Any) -> bool:
    """Whether an option holds one or several ints."""
    return hint is int or (
        bool(get_args(hint)) and all(_is_whole(kind) for kind in get_args(hint) if kind not in (type(None), ...))
    )


def _has_fraction(text: str) -> bool:
    try:
        return not float(text).is_integer()
    except ValueError:
        return False  # not a number; the parser reports it
