"""Settings as options of the command line."""

from __future__ import annotations

import shlex
from typing import Any

__all__ = ["option"]


def option(name: str, value: Any) -> str:
    """A setting as an option, as a shell reads it; one that only its absence stands for is said to be left out.

    >>> option("clip_norm", 1.0), option("clip_norm", None), option("batch_norm", False)
    ('--clip-norm 1', 'without --clip-norm', '--no-batch-norm')
    >>> option("missing", ("-", "?"))
    "--missing=- --missing='?'"
    """
    words = name.replace("_", "-")
    if value is None:
        return f"without --{words}"
    if isinstance(value, bool):
        return f"--{words}" if value else f"--no-{words}"
    entries = value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(entry, str) and entry.startswith("-") for entry in entries):  # which would be taken for an option
        return " ".join(f"--{words}={_spelled(entry)}" for entry in entries)
    return " ".join([f"--{words}", *map(_spelled, entries)])


def _spelled(entry: Any) -> str:
    """A value as a shell reads it; a number as short as it is the same one."""
    if isinstance(entry, float):
        short = f"{entry:g}"
        return short if float(short) == entry else repr(entry)
    return shlex.quote(str(entry))
