"""How numbers and tables look on the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = ["BUSY", "markdown_table", "seconds", "small"]

BUSY = 1.5
"""The load average above which times are marked."""


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, whose first column is of words and the others of numbers.

    >>> markdown_table(("model", "rank"), [("a", "1")])
    ['| model | rank |', '|---|---:|', '| a | 1 |']
    """
    cells = [columns, *rows]
    head, *body = ["| " + " | ".join(row) + " |" for row in cells]
    return [head, "|---|" + "---:|" * (len(columns) - 1), *body]


def small(number: float) -> str:
    """Four digits, without an exponent.

    >>> small(0.0123412), small(1.2341), small(12345.6)
    ('0.01234', '1.234', '12,346')
    """
    if not number:
        return "0"
    return f"{number:,.{max(0, 3 - math.floor(math.log10(abs(number))))}f}"


def seconds(processor_s: float, load: float) -> str:
    """Marked where the machine was shared.

    >>> seconds(0.0123, 0.4), seconds(12.34, 3.0)
    ('0.012', '~12.3')
    """
    return f"{'~' if load > BUSY else ''}{processor_s:.{1 if processor_s >= 10 else 2 if processor_s >= 1 else 3}f}"
