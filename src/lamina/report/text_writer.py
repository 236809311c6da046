"""A report as plain text."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from lamina.html.numbers import shown
from lamina.plots.text_chart import dotted
from lamina.report.content import Bars, Block, Chart, Code, Content, Heat, Matrix, Part, Series, Table, Told, Words

__all__ = ["text_of"]

_WIDTH = 100
_CHART = (60, 8)  # columns and rows of characters
_BAR = 30
_LONGEST = 60  # characters of a cell
_SHADES = " ░▒▓█"


def text_of(report: Content) -> str:
    """The report as text: figures as charts of characters, and their numbers."""
    facts = "   ".join(f"{name}: {value}" for name, value in report.facts.items())
    head = [report.title, "=" * min(len(report.title), _WIDTH), *_wrapped(report.lead), *([facts] if facts else [])]
    return "\n\n".join(["\n".join(head), *map(_part, report.parts)]) + "\n"


def _part(part: Part) -> str:
    return "\n\n".join([f"{part.title}\n{'-' * len(part.title)}", *map(_block, part.blocks)])


def _block(block: Block) -> str:
    match block:
        case Words():
            return "\n".join(_wrapped(block.text))
        case Told():
            return _told(block)
        case Table():
            return _titled(block.title, _table(block.headers, block.rows))
        case Chart():
            return _titled(block.title, _chart(block))
        case Bars():
            return _titled(block.title, _bars(block))
        case Heat():
            return _titled(block.title, _heat(block))
        case Matrix():
            rows = [(name, *row) for name, row in zip(block.names, block.counts, strict=True)]
            return _titled(block.title, "\n".join([_table(("true \\ predicted", *block.names), rows), *_wrapped(block.told)]))
        case Code():
            return _titled(block.title, textwrap.indent(block.text, "  "))


def _titled(title: str, text: str) -> str:
    return f"{title}:\n{text}" if title else text


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False) or [""]


def _told(told: Told) -> str:
    row = f", {told.row}" if told.row else ""
    lines = _wrapped(f"{told.title}: {told.grade}{row}")
    for text in (*told.evidence, told.meaning):
        lines += _wrapped(text, "  ")
    return "\n".join([*lines, *(line for cure in told.cures for line in _wrapped(f"- {cure}", "  "))])


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    texts = [[_short(header) for header in headers], *([_short(shown(cell)) for cell in row] for row in rows)]
    are_numbers = [all(not isinstance(row[i], str) for row in rows) for i in range(len(headers))]
    widths = [max(len(line[i]) for line in texts) for i in range(len(headers))]
    lines = [
        "  ".join(cell.rjust(n) if right else cell.ljust(n) for cell, n, right in zip(line, widths, are_numbers, strict=True))
        for line in texts
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _chart(chart: Chart) -> str:
    """The lines by Braille's dots where there are few, and where each begins, lies and ends."""
    lines = [series for series in chart.series if series.look == "line"]
    drawn = _drawn(chart, lines[:3]) if lines and len(chart.series) <= 3 else []
    rows = [
        (name, len(values), *_ends(values))
        for series in chart.series
        if series.look != "aside"
        for name, values in _told_of(series)
        if any(map(math.isfinite, values))
    ]
    marked = [f"{chart.mark[1]}."] if chart.mark else []
    table = _table((chart.y.label, "points", "first", "lowest", "highest", "last"), rows) if rows else ""
    return "\n".join([*drawn, *([table] if rows else []), *_wrapped(" ".join([chart.told, *marked]))])


def _told_of(series: Series) -> list[tuple[str, Sequence[float]]]:
    """What is told of a series: of a band, both ends."""
    if series.look == "band":
        return [(f"{series.name}, lower end", series.low), (f"{series.name}, upper end", series.high)]
    return [(series.name, series.y)]


def _drawn(chart: Chart, lines: Sequence[Series]) -> list[str]:
    known = [y for series in lines for y in series.y if math.isfinite(y)]
    is_log = chart.y.is_log and min(known, default=0.0) > 0
    if len({len(series.y) for series in lines}) != 1 or len(lines[0].y) < 3 or len(known) < 3:
        return []
    cells = dotted({series.name: series.y for series in lines}, *_CHART, log=is_log)
    rows = ["".join(character for character, _ in row) for row in cells]
    left = [shown(max(known)), *[""] * (len(rows) - 2), shown(min(known))]
    width = max(map(len, left))
    return [f"{label.rjust(width)} │{row}" for label, row in zip(left, rows, strict=True)]


def _ends(values: Sequence[float]) -> tuple[float, float, float, float]:
    known = [value for value in values if math.isfinite(value)]
    return known[0], min(known), max(known), known[-1]


def _bars(bars: Bars) -> str:
    largest = max((abs(value) for value in bars.values), default=0.0) or 1.0
    rows = [
        (name, value, spread, "█" * max(0, round(_BAR * value / largest)))
        for name, value, spread in zip(bars.names, bars.values, bars.spreads, strict=True)
    ]
    return "\n".join([_table(("column", bars.label, "± deviation", ""), rows), *_wrapped(bars.told)])


def _heat(heat: Heat) -> str:
    """A row a bin, from the highest; a character a moment, the darker the larger the share."""
    largest = heat.largest or 1.0
    names = [f"{shown(low)} to {shown(high)}" for low, high in zip(heat.edges, heat.edges[1:], strict=False)]
    width = max(map(len, names), default=0)
    lines = []
    for place in reversed(range(len(names))):
        shares = [row[place] if math.isfinite(row[place]) else 0.0 for row in heat.shares]
        lines.append(f"{names[place].rjust(width)} │" + "".join(_SHADES[round(4 * share / largest)] for share in shares))
    return "\n".join([*lines, *_wrapped(heat.told)])
