"""A ``-`` by itself is a value, as everywhere in Unix; the parser would take it for an option without a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["hide_dashes", "show_dashes", "take_dashes_back"]

_STANDS_FOR_DASH = "\ue02d"  # of Unicode's private use area, which nobody types


def hide_dashes(arguments: Sequence[str]) -> list[str]:
    """The arguments as the parser may see them."""
    return [_STANDS_FOR_DASH if argument == "-" else argument for argument in arguments]


def take_dashes_back(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Undo :func:`hide_dashes` once it is known what belongs to which option, before values are converted."""
    for argument in arguments:
        argument.tokens = [token.evolve(value="-") if token.value == _STANDS_FOR_DASH else token for token in argument.tokens]


def show_dashes(text: str) -> str:
    """The words of an error of the parser's as the user would have them."""
    return text.replace(_STANDS_FOR_DASH, "-")
