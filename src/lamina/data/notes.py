"""Notes about data: what was done about something odd, short of refusing it."""

from __future__ import annotations

import warnings

__all__ = ["DataWarning", "note"]


class DataWarning(UserWarning):
    """Something about a table is odd, and this is what was done. Silence with ``warnings.simplefilter("ignore",
    DataWarning)``."""


def note(text: str) -> None:
    """Warn with a :class:`DataWarning`."""
    warnings.warn(text, DataWarning, stacklevel=3)
