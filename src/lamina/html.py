"""Short HTML for notebooks: text as it prints, tables and a line chart, without scripts and without requests to anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["Printed", "chart", "escaped", "table"]

_LONGEST = 200  # characters of a text
_MOST_LINES = 30
_WIDTH, _HEIGHT, _MARGIN = 260, 56, 3  # pixels
_LOOKS = (("#0072B2", ""), ("#D55E00", "6 3"), ("#009E73", "2 3"))  # color and dashes; the colors are those of the plots


class Printed:
    """A result that a notebook shows as it prints, down to its thirtieth line."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        lines = str(self).splitlines()
        more = f"\n… {len(lines) - _MOST_LINES} more lines" if len(lines) > _MOST_LINES else ""
        return f"<pre>{chr(10).join(map(escaped, lines[:_MOST_LINES]))}{more}</pre>"


def escaped(value: object) -> str:
    """Text that a browser shows as it is, shortened in the middle if it is very long.

    >>> escaped("<b>&")
    '&lt;b&gt;&amp;'
    """
    text = str(value)
    half = (_LONGEST - 1) // 2
    return escape(text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = (), caption: str = "") -> str:
    """A table; all that is given is escaped.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of rows
        Each as long as ``headers``. A cell that is a tuple has a line for each of its entries.
    right : sequence of str
        The headers of the columns that are aligned to the right.
    caption : str
        A line below the table.

    Examples
    --------
    >>> table(["n"], [[1]], right=["n"])
    '<table><tr><th style="text-align:right">n</th></tr><tr><td style="text-align:right">1</td></tr></table>'
    """
    sides = [f' style="text-align:{"right" if header in right else "left"}"' for header in headers]

    def line(tag: str, cells: Sequence[object]) -> str:
        return "<tr>" + "".join(f"<{tag}{side}>{_cell(cell)}</{tag}>" for cell, side in zip(cells, sides, strict=True)) + "</tr>"

    below = f'<caption style="caption-side:bottom;text-align:left">{escaped(caption)}</caption>' if caption else ""
    return f"<table>{below}{line('th', headers)}{''.join(line('td', row) for row in rows)}</table>"


def _cell(cell: object) -> str:
    return "<br>".join(map(escaped, cell)) if isinstance(cell, tuple) else escaped(cell)


def chart(lines: Mapping[str, Sequence[float]]) -> str:
    """An inline SVG with a line for each of at most three names, and a legend; nothing if no number is finite.

    All lines share one scale, from the smallest to the largest number. Numbers that are not finite interrupt a line.

    Parameters
    ----------
    lines : mapping of str to sequence of float

    Examples
    --------
    >>> chart({"loss": [1.0, 0.5]}).startswith("<svg ")
    True
    >>> chart({"loss": []})
    ''
    """
    finite = [number for numbers in lines.values() for number in numbers if math.isfinite(number)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    length = max(map(len, lines.values()))
    paths, legend = [], []
    for (name, numbers), (color, dashes) in zip(lines.items(), _LOOKS, strict=False):
        look = f'stroke="{color}" stroke-width="1.5"' + (f' stroke-dasharray="{dashes}"' if dashes else "")
        paths.append(f'<path d="{_path(_thinned(numbers), low, high, length)}" fill="none" stroke-linecap="round" {look}/>')
        key = f'<svg width="22" height="8"><line x1="1" y1="4" x2="21" y2="4" {look}/></svg>'
        legend.append(f"{key} {escaped(name)}")
    svg = f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{escaped(", ".join(lines))}">{"".join(paths)}</svg>'
    return f"{svg}<br><small>{' &nbsp; '.join(legend)}</small>"


def _thinned(numbers: Sequence[float]) -> list[tuple[int, float]]:
    """Places and numbers: of many, the smallest and the largest of every two pixels, so that the text stays short."""
    step = max(1, math.ceil(2 * len(numbers) / _WIDTH))
    if step <= 2:
        return list(enumerate(numbers))
    chosen: list[tuple[int, float]] = []
    for start in range(0, len(numbers), step):
        part = [(start + i, number) for i, number in enumerate(numbers[start : start + step])]
        known = [pair for pair in part if math.isfinite(pair[1])] or part[:1]
        chosen += sorted({min(known, key=lambda pair: pair[1]), max(known, key=lambda pair: pair[1])})
    return chosen


def _path(points: Sequence[tuple[int, float]], low: float, high: float, length: int) -> str:
    """The points as an SVG path; a lone point is a line of no length, which round ends make a dot."""
    commands, joined = [], False
    span = high / 2 - low / 2  # halved, because the difference of the largest numbers overflows
    for place, number in points:
        if not math.isfinite(number):
            joined = False
            continue
        across = place / (length - 1) if length > 1 else 0.5
        up = (number / 2 - low / 2) / span if span > 0 else 0.5
        x, y = _MARGIN + across * (_WIDTH - 2 * _MARGIN), _HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN)
        commands.append(f"{'L' if joined else 'M'}{x:.1f} {y:.1f}" + ("" if joined else "h0"))
        joined = True
    return "".join(commands)
