"""Every user-facing error is phrased here, once: the rule, what came, the repair.

>>> phrase("momentum", "must be in [0, 1)", 1.2, repair="Use 0.9 for the usual setting.", owner="MLPClassifier")
'MLPClassifier: momentum must be in [0, 1), got 1.2. Use 0.9 for the usual setting.'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BusyError",
    "DataError",
    "DataTypeError",
    "FileError",
    "InvalidSettingError",
    "LaminaError",
    "MissingPackageError",
    "NonFiniteError",
    "OutOfMemoryError",
    "ShapeError",
    "UnknownNameError",
    "nearest",
    "phrase",
    "phrase_missing",
    "phrase_unknown",
    "shown",
]

# Characters of what came that an error shows.
_LONGEST_SHOWN = 600


class LaminaError(Exception):
    """Base of every error that Lamina raises on purpose."""


class InvalidSettingError(LaminaError, ValueError):
    """A setting is out of range, unknown, or contradicts another."""


class UnknownNameError(InvalidSettingError, KeyError):
    """A name that is looked up in a mapping is unknown; the message lists the known ones."""

    # KeyError's own shows the message's repr, with quotes around it.
    __str__ = Exception.__str__


class ShapeError(LaminaError, ValueError):
    """Shapes of layers, arrays or tables do not fit; the message names the place and both shapes."""


class DataError(LaminaError, ValueError):
    """The data given cannot be used as it is; the message says what to do about it."""


class DataTypeError(DataError, TypeError):
    """The data are of a kind that cannot be used at all. Both a ValueError and a TypeError, as scikit-learn raises either."""


class FileError(LaminaError, OSError):
    """A file cannot be read or written, is damaged, or is of another kind."""


class NonFiniteError(LaminaError, ValueError):
    """A loss, activation or gradient became NaN or infinite, and no good weights exist to go back to."""


class BusyError(LaminaError, RuntimeError):
    """An object is being fitted already, by another thread or by what calls back from its own fit."""


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
    """What came, cut in the middle where it is long; its type where it cannot be shown."""
    try:
        text = repr(got)
    except Exception:  # a number of thousands of digits, or a __repr__ of somebody's own
        return f"a {type(got).__name__} that cannot be shown"
    half = _LONGEST_SHOWN // 2
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:half]}... ({len(text):,} characters) ...{text[-half:]}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None when none is alike."""
    lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def phrase_unknown(kind: str, name: object, known: Iterable[str], *, owner: str = "") -> str:
    """The sentence for an unknown name: lists the known ones and suggests the nearest."""
    known = sorted(known)
    guess = nearest(name, known) if isinstance(name, str) else None
    repair = f"Did you mean {guess!r}? " if guess else ""
    return phrase(kind, f"must be one of {', '.join(known)}", name, repair=repair.strip(), owner=owner)


def phrase_missing(package: str, *, owner: str, install: str = "") -> str:
    """The sentence for an optional package that is not installed; ``install`` is what pip calls it, if not by its name."""
    return f"{owner} needs {package}, which is not installed. Install it with: pip install {install or package}"
