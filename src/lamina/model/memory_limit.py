"""How much memory a training on a table larger than memory may take."""

from __future__ import annotations

import os
import re
from typing import Any

from lamina.errors import InvalidSettingError, phrase
from lamina.model.setting_words import OWNER

__all__ = ["memory_limit"]

_SHARE = 4  # of the machine's memory, a fourth
_UNKNOWN = 4 << 30  # of a machine that does not tell
_LEAST = 64 << 20
_LARGEST = 1 << 60  # neither NaN nor infinity is below
_WORDS = re.compile(r"(?i)\s*([0-9]*\.?[0-9]+)\s*([kmgt]?)i?b?\s*")
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def memory_limit(given: Any) -> int:
    """A size in bytes, such as ``"2GB"`` (2^31) or a number of bytes; None: a quarter of the machine's memory.

    Raises
    ------
    InvalidSettingError
        If it is no size, or less than 64 MB.

    Examples
    --------
    >>> memory_limit("2GB"), memory_limit("1.5 g"), memory_limit(100_000_000)
    (2147483648, 1610612736, 100000000)
    """
    if given is None:
        return _of_machine() // _SHARE
    size = -1
    if isinstance(given, str) and (found := _WORDS.fullmatch(given)):
        size = int(min(float(found[1]) * _FACTORS[found[2].lower()], _LARGEST))
    elif isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < _LARGEST:
        size = int(given)
    if size < _LEAST:
        rule = "must be a size of at least 64MB"
        raise InvalidSettingError(phrase("memory", rule, given, repair="Use '2GB' for two gigabytes.", owner=OWNER))
    return size


def _of_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return _UNKNOWN
