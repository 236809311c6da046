"""Names of values: one rule for categories and classes, whatever library or file a value came from."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Integral, Real

import numpy as np

__all__ = ["value_name"]


def value_name(value: object) -> str:
    """The name of a value as a category: 7 and 7.0 are '7', True is 'true', dates lack a time of 0, a text is its own name.

    >>> [value_name(value) for value in (7, 7.0, 0.5, True, np.datetime64("2024-01-05", "us"), "x ")]
    ['7', '7', '0.5', 'true', '2024-01-05', 'x ']
    """
    # The commonest types first: to ask for an abstract one takes longer than all else.
    if isinstance(value, str):
        return str(value)
    if isinstance(value, np.datetime64):
        return str(value).replace("T", " ").removesuffix(".000000").removesuffix(" 00:00:00")
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if not isinstance(value, float) and isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, float | Real | Decimal) and math.isfinite(value):
        whole = math.floor(value)
        return str(whole) if value == whole else repr(float(value))
    return str(value)
