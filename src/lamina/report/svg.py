"""Pictures of densities, shares and pairs as inline SVG, in the style of :mod:`lamina.html.line_chart`."""

from __future__ import annotations

import math
from html import escape

from lamina.html.canvas import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, labels, left_of, svg
from lamina.html.numbers import percent
from lamina.html.scale import Scale, is_known, tick_text
from lamina.html.short_names import short_names, width_of
from lamina.report.content import Bars, Heat, Matrix

__all__ = ["bars_svg", "heat_legend", "heat_svg", "matrix_svg"]

_SHADES, _ROUNDED = 5, 0.25  # of a density
_FONT, _NAME_FONT = 12, 12.5


def heat_svg(heat: Heat) -> str:
    """Shares of bins over time: the darker, the more."""
    largest = heat.largest
    if not heat.moments or largest <= 0:
        return ""
    inner = [(place, edge) for place, edge in enumerate(heat.edges) if is_known(edge)]
    left = left_of(tick_text(edge) for _, edge in inner)
    right, top, bottom = WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    num_bins = len(heat.edges) - 1
    borders = [left + (right - left) * i / len(heat.moments) for i in range(len(heat.moments) + 1)]
    height = (bottom - top) / num_bins
    paths: dict[int, list[str]] = {}
    for moment, row in enumerate(heat.shares):
        for place, share in enumerate(row):
            level = _level(share, largest)
            if level:
                width = borders[moment + 1] - borders[moment]
                cell = f"M{borders[moment]:.1f} {bottom - (place + 1) * height:.1f}h{width:.2f}v{height:.2f}h-{width:.2f}z"
                paths.setdefault(level, []).append(cell)
    cells = "".join(f'<path class="h h{level}" d="{"".join(found)}"/>' for level, found in sorted(paths.items()))
    parts = [cells, f'<path class="la-axis" d="M{left:g} {top}V{bottom}H{right}"/>']
    for place, edge in inner:
        at = bottom - place * height
        parts.append(f'<text x="{left - 6:g}" y="{at + 4:.1f}" text-anchor="end">{tick_text(edge)}</text>')
    last = len(heat.moments) - 1
    for moment in sorted({round(last * share / 4) for share in range(5)}):
        at = (borders[moment] + borders[moment + 1]) / 2
        parts.append(f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{tick_text(heat.moments[moment])}</text>')
    parts.append(labels(heat.x.label, heat.y.label, left))
    return svg(heat.title, heat.told, "".join(parts))


def heat_legend(heat: Heat) -> str:
    """Up to which share each shade stands for: uneven steps, so that thin tails are seen."""
    largest = heat.largest
    if largest <= 0:
        return ""
    keys = [
        f'<span><svg width="26" height="12" aria-hidden="true"><rect class="h h{level}" x="1" y="1" width="24" height="10"/>'
        f"</svg> to {percent(min(1.0, ((level + _ROUNDED) / _SHADES) ** 2) * largest)}</span>"
        for level in range(1, _SHADES + 1)
    ]
    return f'<div class="la-legend"><span>share of sums:</span>{"".join(keys)}</div>'


def _level(share: float, largest: float) -> int:
    """The shade: by the root, so that thin tails are seen."""
    found = math.ceil(_SHADES * math.sqrt(share / largest) - _ROUNDED) if is_known(share) and share > 0 else 0
    return max(0, found)


def bars_svg(bars: Bars) -> str:
    """A bar a name from the top, with its spread, and its number at the end."""
    if not bars.names:
        return ""
    row, left, top, right = 22, 160, 6, 64
    names = short_names(bars.names, (left - 10) / _NAME_FONT)
    height = top + row * len(bars.names) + 40
    ends = [end for v, s in zip(bars.values, bars.spreads, strict=True) for end in (v - s, v + s) if is_known(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    x = Scale(low, high if high > low else low + 1, left, WIDTH - right)
    zero, foot = x(0.0), top + row * len(bars.names)
    parts = []
    for tick in Scale(x.low, x.high, 0, 1).ticks()[:: 1 if high > low else 2]:
        parts.append(f'<path class="la-grid" d="M{x(tick):.1f} {top}V{foot}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{foot + 15}" text-anchor="middle">{tick_text(tick)}</text>')
    for i, (name, value, spread) in enumerate(zip(names, bars.values, bars.spreads, strict=True)):
        y, end = top + row * i, x(value) if is_known(value) else zero
        start, width = min(zero, end), abs(end - zero)
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" class="name">{escape(name)}</text>')
        parts.append(
            f'<rect class="la-b la-c0 la-solid" x="{start:.1f}" y="{y + 4}" width="{max(width, 0.8):.1f}" height="{row - 8}"/>'
        )
        if spread > 0:
            low_end, high_end, middle = x(value - spread), x(value + spread), y + row / 2
            parts.append(
                f'<path class="whisker" d="M{low_end:.1f} {middle}H{high_end:.1f}M{low_end:.1f} {middle - 4}v8'
                f'M{high_end:.1f} {middle - 4}v8"/>'
            )
        at = max(end, x(value + spread) if spread > 0 else end, zero) + 6
        parts.append(f'<text x="{at:.1f}" y="{y + 15}">{tick_text(value)}</text>')
    parts.append(f'<path class="la-axis" d="M{zero:.1f} {top}V{foot}"/>')
    middle = (left + WIDTH - right) / 2
    parts.append(f'<text class="la-label" x="{middle}" y="{foot + 33}" text-anchor="middle">{escape(bars.label)}</text>')
    return svg(bars.title, bars.told, "".join(parts), height)


def matrix_svg(matrix: Matrix) -> str:
    """A cell for each pair of classes, darker for a larger share of its true class, with its count."""
    n = len(matrix.names)
    left, top = 118, 46
    side = min(64.0, (WIDTH - left - 8) / n)
    parts = [
        f'<text class="la-label" x="{left + side * n / 2:.1f}" y="13" text-anchor="middle">predicted</text>',
        f'<text class="la-label" x="{left - 8}" y="{top - 8}" text-anchor="end">true</text>',
    ]
    across, down = _names_at(matrix.names, side - 6, left - 12)
    for i, (name, beside) in enumerate(zip(across, down, strict=True)):
        middle = left + side * (i + 0.5)
        parts.append(f'<text x="{middle:.1f}" y="{top - 8}" text-anchor="middle">{escape(name)}</text>')
        parts.append(f'<text x="{left - 8}" y="{top + side * (i + 0.5) + 4:.1f}" text-anchor="end">{escape(beside)}</text>')
        total = sum(matrix.counts[i])
        for j, count in enumerate(matrix.counts[i]):
            share = count / total if total else 0.0
            level = min(_SHADES, math.ceil(_SHADES * share)) if count else 0
            x, y = left + side * j, top + side * i
            told = f"{matrix.names[i]} predicted as {matrix.names[j]}: {count:,}, {percent(share)}"
            tone = " on" if level >= 4 else ""
            size = f' class="small{tone}"' if side < 44 else f' class="count{tone}"'
            parts.append(
                f'<g><title>{escape(told)}</title><rect class="cell h{level}{" miss" if i != j else ""}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{side - 2:.1f}" height="{side - 2:.1f}"/>'
                f'<text{size} x="{x + side / 2 - 1:.1f}" y="{y + side / 2 + 3:.1f}" text-anchor="middle">'
                f"{_short_count(count, side)}</text></g>"
            )
    return svg(matrix.title, matrix.told, "".join(parts), math.ceil(top + side * n + 6))


def _names_at(names: tuple[str, ...], above: float, beside: float) -> tuple[list[str], list[str]]:
    """The names above the columns and beside the rows, each in so many pixels; numbers above where there is no room for names."""
    if all(width_of(name) * _FONT <= above for name in names):
        return list(names), short_names(names, beside / _FONT)
    numbers = [str(i) for i in range(1, len(names) + 1)]
    room = beside / _FONT - width_of(f" ({len(names)})")
    return numbers, [f"{name} ({number})" for name, number in zip(short_names(names, room), numbers, strict=True)]


def _short_count(count: int, side: float) -> str:
    text = f"{count:,}"
    return text if len(text) * 6 < side else f"{count / 1000:.0f}k"
