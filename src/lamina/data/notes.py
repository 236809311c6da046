"""Notes about data: warnings about oddities that are handled, not rejected."""

from __future__ import annotations

from collections.abc import Mapping

from lamina.caller import warn_caller
from lamina.errors import first_of

__all__ = ["DataWarning", "note", "note_columns"]

_SHOWN_NAMES = 5


class DataWarning(UserWarning):
    """Something about a table is odd; the message says how it was handled.

    Silence with ``warnings.simplefilter("ignore", DataWarning)``.
    """


def note(text: str) -> None:
    """Warn with a :class:`DataWarning`."""
    warn_caller(text, DataWarning)


def note_columns(clauses: Mapping[str, str]) -> None:
    """Say a clause about each column; one note for all that the same is said of."""
    alike: dict[str, list[str]] = {}
    for name, clause in clauses.items():
        alike.setdefault(clause, []).append(name)
    for clause, names in alike.items():
        listed = first_of(list(map(repr, names)), _SHOWN_NAMES)
        note(f"column{'s' * (len(names) > 1)} {listed}: {clause}.")
