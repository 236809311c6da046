"""A line chart of characters, for terminals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

__all__ = ["dotted"]

_BLANK = 0x2800
#: The bits of Braille's dots (Unicode, chapter 21.1), by column and row within a cell.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def dotted(lines: Mapping[str, Sequence[float]], columns: int, rows: int, *, log: bool = False) -> list[list[tuple[str, str]]]:
    """Lines over the places of their numbers, drawn by Braille's dots; a cell has two columns and four rows of these.

    Parameters
    ----------
    lines : mapping of str to sequence of float
        All lines share one scale, from the smallest to the largest number. Numbers that are not finite are left out; on
        a logarithmic scale all must be above 0.
    columns, rows : int
        Of cells, >= 1.
    log : bool, default=False
        Whether the scale is logarithmic.

    Returns
    -------
    list of rows
        From top to bottom, each with ``columns`` cells: a character, and the name of the last line in it, or "".

    Examples
    --------
    >>> for row in dotted({"loss": [3.0, 2.0, 1.0, 1.0]}, columns=2, rows=1):
    ...     print("".join(character for character, name in row))
    ⠣⣀
    """
    points = {name: _points(numbers, log) for name, numbers in lines.items()}
    heights = [height for line in points.values() for _, height in line]
    low, high = (min(heights), max(heights)) if heights else (0.0, 1.0)
    last = max((len(numbers) for numbers in lines.values()), default=1) - 1
    dots = [[0] * columns for _ in range(rows)]
    names = [[""] * columns for _ in range(rows)]
    for name, line in points.items():
        places = [(_place(x, 0, last, 2 * columns), _place(high + low - y, low, high, 4 * rows)) for x, y in line]
        for x, y in _joined(places):
            dots[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
            names[y // 4][x // 2] = name
    return [[(chr(_BLANK + dot), name) for dot, name in zip(*row, strict=True)] for row in zip(dots, names, strict=True)]


def _points(numbers: Sequence[float], log: bool) -> list[tuple[int, float]]:
    known = [(x, number) for x, number in enumerate(numbers) if math.isfinite(number)]
    return [(x, math.log(number)) for x, number in known] if log else known


def _place(value: float, low: float, high: float, count: int) -> int:
    """Which of ``count`` places between low and high a value has."""
    share = (value - low) / (high - low) if high > low else 0.5
    return min(int(share * count), count - 1)


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places, and those on the way from each to the next."""
    joined = list(places[:1])
    for (x0, y0), (x1, y1) in pairwise(places):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        joined += [(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps)) for i in range(1, steps + 1)]
    return joined
