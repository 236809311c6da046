"""Notes about data: warnings about oddities that are handled, not rejected."""

from __future__ import annotations

from lamina.caller import warn_caller

__all__ = ["DataWarning", "note"]


class DataWarning(UserWarning):
    """Something about a table is odd; the message says how it was handled.

    Silence with ``warnings.simplefilter("ignore", DataWarning)``.
    """


def note(text: str) -> None:
    """Warn with a :class:`DataWarning`."""
    warn_caller(text, DataWarning)
