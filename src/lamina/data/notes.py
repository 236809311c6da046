"""Notes about data: warnings about oddities that are handled, not rejected."""

from __future__ import annotations

import warnings

__all__ = ["DataWarning", "note"]


class DataWarning(UserWarning):
    """Something about a table is odd; the message says how it was handled.

    Silence with ``warnings.simplefilter("ignore", DataWarning)``.
    """


def note(text: str) -> None:
    """Warn with a :class:`DataWarning`."""
    warnings.warn(text, DataWarning, stacklevel=3)
