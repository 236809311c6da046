"""Counts in words: a share that is not whole is never called 100 %."""

from __future__ import annotations

__all__ = ["percent_of", "right_of"]


def percent_of(count: int, total: int) -> str:
    """The share in percent, rounded down to a tenth.

    >>> percent_of(9_999, 10_000), percent_of(10, 10)
    ('99.9%', '100.0%')
    """
    tenths = 1000 * count // total
    return f"{tenths // 10}.{tenths % 10}%"


def right_of(count: int, total: int) -> str:
    """How many of the rows are right.

    >>> right_of(299, 300)
    '299 of 300 right'
    """
    return f"{count:,} of {total:,} right"
