"""Support for a lone ``-`` as a value, as usual in Unix; the parser would take it for an option without a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["hide_dashes", "show_dashes", "take_dashes_back"]

_STANDS_FOR_DASH = "\ue02d"  # from Unicode's private use area, so that nobody types it


def hide_dashes(arguments: Sequence[str]) -> list[str]:
    """The arguments for the parser, with each lone dash replaced."""
    return [_STANDS_FOR_DASH if argument == "-" else argument for argument in arguments]


def take_dashes_back(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Undo :func:`hide_dashes` after options are matched and before values are converted."""
    for argument in arguments:
        argument.tokens = [token.evolve(value="-") if token.value == _STANDS_FOR_DASH else token for token in argument.tokens]


def show_dashes(text: str) -> str:
    """Restore dashes in the text of a parser error."""
    return text.replace(_STANDS_FOR_DASH, "-")
