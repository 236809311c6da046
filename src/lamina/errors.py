"""User-facing errors and how they are phrased: the rule, the value received, the fix.

>>> phrase("momentum", "must be in [0, 1)", 1.2, repair="Use 0.9 for the usual setting.", owner="MLPClassifier")
'MLPClassifier: momentum must be in [0, 1), got 1.2. Use 0.9 for the usual setting.'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "BusyError",
    "DataError",
    "DataTypeError",
    "FileError",
    "InvalidSettingError",
    "LaminaError",
    "LostWorkerError",
    "MissingPackageError",
    "NonFiniteError",
    "OutOfMemoryError",
    "ShapeError",
    "UnknownNameError",
    "counted",
    "first_of",
    "nearest",
    "phrase",
    "phrase_missing",
    "phrase_unknown",
    "shown",
]

# How many characters of the received value an error shows.
_LONGEST_SHOWN = 600


class LaminaError(Exception):
    """Base of every error that Lamina raises on purpose."""


class InvalidSettingError(LaminaError, ValueError):
    """A setting is out of range, unknown, or contradicts another."""


class UnknownNameError(InvalidSettingError, KeyError):
    """A name looked up in a mapping is unknown; the message lists the known ones."""

    # KeyError would show the repr of the message, in quotes.
    __str__ = Exception.__str__


class ShapeError(LaminaError, ValueError):
    """Shapes of layers, arrays or tables do not match; the message names the place and both shapes."""


class DataError(LaminaError, ValueError):
    """The data cannot be used as given; the message says what to do about it.

    Attributes
    ----------
    columns : tuple of str
        The columns of a table that it is about, where these are known.
    """

    columns: tuple[str, ...] = ()


class DataTypeError(DataError, TypeError):
    """The data have a type that cannot be used. Both a ValueError and a TypeError, since scikit-learn raises either."""


class FileError(LaminaError, OSError):
    """A file cannot be read or written, is damaged, or is of the wrong kind."""


class NonFiniteError(LaminaError, ValueError):
    """A loss, activation or gradient became NaN or infinite, and no good weights exist to go back to."""


class BusyError(LaminaError, RuntimeError):
    """An object is already being fitted, by another thread or in a callback of its own fit."""


class LostWorkerError(LaminaError, RuntimeError):
    """A process that works for this one, or together with it, has ended or did not answer in time, and cannot be replaced."""


class OutOfMemoryError(LaminaError, MemoryError):
    """A network is larger than the machine's memory; the message names the layer and the size."""


class MissingPackageError(LaminaError, ImportError):
    """An optional package is not installed; the message says how to install it."""


def phrase(name: str, rule: str, got: object, *, repair: str = "", owner: str = "") -> str:
    """One sentence of the form ``owner: name rule, got value. repair``."""
    head = f"{owner}: " if owner else ""
    tail = f" {repair}" if repair else ""
    return f"{head}{name} {rule}, got {shown(got)}.{tail}"


def shown(got: object) -> str:
    """The repr of a value, shortened in the middle if it is long; its type if it has no repr."""
    try:
        text = repr(got)
    except Exception:  # an integer with thousands of digits, or a broken custom __repr__
        return f"a {type(got).__name__} that cannot be shown"
    half = _LONGEST_SHOWN // 2
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:half]}... ({len(text):,} characters) ...{text[-half:]}"


def counted(count: int, noun: str) -> str:
    """A number and a noun that its plural only adds an s to.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}" + "s" * (count != 1)


def first_of(names: Sequence[str], most: int) -> str:
    """At most so many names, and how many more there are.

    >>> first_of(["a", "b", "c"], 3), first_of(["a", "b", "c"], 1)
    ('a, b, c', 'a and 2 more')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to ``name``, or None if none is similar."""
    lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def phrase_unknown(
    kind: str, name: object, known: Iterable[str], *, listed: str = "", aliases: Iterable[str] = (), owner: str = ""
) -> str:
    """The sentence for an unknown name: lists the known ones and suggests the nearest of them and of their ``aliases``.

    ``listed`` stands for the list if it is given, such as "P1 to P15".
    """
    known = sorted(known)
    guess = nearest(name, [*known, *aliases]) if isinstance(name, str) else None
    repair = f"Did you mean {guess!r}? " if guess else ""
    return phrase(kind, f"must be one of {listed or ', '.join(known)}", name, repair=repair.strip(), owner=owner)


def phrase_missing(package: str, *, owner: str, install: str = "") -> str:
    """The sentence for an optional package that is not installed; ``install`` is its name for pip, if different."""
    return f"{owner} needs {package}, which is not installed. Install it with: pip install {install or package}"
