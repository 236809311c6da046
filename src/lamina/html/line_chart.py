"""A line chart as inline SVG: no script and no style of its own, colors by classes, readable when it is scaled to a phone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from html import escape

from lamina.html.canvas import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, labels, left_of, svg
from lamina.html.figures import Axis, Chart, Series
from lamina.html.scale import Scale, is_known, scale_of, writer_of
from lamina.html.short_names import short_names

__all__ = ["chart_svg", "figure", "legend"]

_COLORS = 6
_LEGEND = 26  # the width of an entry, in units of its font


def chart_svg(chart: Chart) -> str:
    """Lines, points and bands over two axes."""
    colored = [(each, color) for each, color in _colored(chart) if any(map(is_known, each.x)) and any(map(is_known, each.y))]
    if not colored:
        return ""
    drawn = [series for series, _ in colored]
    is_log = chart.y.is_log and all(value > 0 for series in drawn for value in (*series.y, *series.low) if is_known(value))
    across = [value for series in drawn for value in series.x]
    up = [value for series in drawn for value in (*series.y, *series.low, *series.high)]
    has_room = any(series.look in ("dots", "band") for series in drawn)
    y = scale_of(chart.y, up, HEIGHT - BOTTOM, TOP, is_log, True)
    left = left_of(map(writer_of(y.ticks()), y.ticks()))
    x = scale_of(chart.x, across, left, WIDTH - RIGHT, False, has_room)
    parts = [_frame(chart.x, chart.y, x, y)]
    if chart.mark is not None and x.low <= chart.mark[0] <= x.high:
        place = x(chart.mark[0])
        right = place > WIDTH * 0.6
        parts.append(f'<path class="la-mark" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        anchor, shift = ("end", -4) if right else ("start", 4)
        parts.append(f'<text x="{place + shift:.1f}" y="{TOP + 11}" text-anchor="{anchor}">{escape(chart.mark[1])}</text>')
    parts += [_series(series, x, y, color, is_log) for series, color in colored]
    return svg(chart.title, chart.told, "".join(parts))


def legend(chart: Chart) -> str:
    """What each line is; nothing where there is one alone."""
    entries = []
    names = short_names([series.name for series in chart.series], _LEGEND)
    for (series, color), name in zip(_colored(chart), names, strict=True):
        key = {
            "line": f'<path class="la-l la-c{color}" d="M1 6H25"/>',
            "aside": '<path class="la-l la-ca" d="M1 6H25"/>',
            "dots": f'<circle class="la-d la-c{color}" cx="13" cy="6" r="4"/>',
            "band": f'<rect class="la-b la-c{color}" x="1" y="1" width="24" height="10"/>',
        }[series.look]
        entries.append(f'<span><svg width="26" height="12" aria-hidden="true">{key}</svg> {escape(name)}</span>')
    return f'<div class="la-legend">{"".join(entries)}</div>' if len(entries) > 1 else ""


def figure(chart: Chart) -> str:
    """A chart with its legend and what there is to see; nothing where no number is finite."""
    drawn = chart_svg(chart)
    return (
        f'<figure>{drawn}{legend(chart)}<figcaption class="la-told">{escape(chart.told)}</figcaption></figure>' if drawn else ""
    )


def _colored(chart: Chart) -> list[tuple[Series, str]]:
    """Each series with its color, which is the same in the picture and in its legend."""
    colors = (str(number % _COLORS) for number in itertools.count())
    return [(series, "a" if series.look == "aside" else next(colors)) for series in chart.series]


def _series(series: Series, x: Scale, y: Scale, color: str, is_log: bool) -> str:
    points = [
        (x(across), y(up)) if is_known(across) and is_known(up) and (not is_log or up > 0) else None
        for across, up in zip(series.x, series.y, strict=True)
    ]
    if series.look in ("line", "aside"):
        return f'<path class="la-l la-c{color}" d="{_path(points)}"/>'
    if series.look == "band":
        lows = [(x(a), y(b)) for a, b in zip(series.x, series.low, strict=True)]
        highs = [(x(a), y(b)) for a, b in zip(series.x, series.high, strict=True)]
        outline = "L".join(f"{a:.1f} {b:.1f}" for a, b in [*highs, *reversed(lows)])
        return f'<path class="la-b la-c{color}" d="M{outline}z"/>'
    whiskers = "".join(
        f"M{x(across):.1f} {y(low):.1f}V{y(high):.1f}"
        for across, low, high in zip(series.x, series.low, series.high, strict=False)
    )
    few = len(points) <= 30
    line = f'<path class="la-l la-c{color}" d="{_path(points)}"/>' if whiskers else ""
    radius = 4 if few else 2.2
    dots = _dots([point for point in points if point is not None], radius)
    bars = f'<path class="la-l la-c{color} la-thin" d="{whiskers}"/>' if whiskers else ""
    return f'{bars}{line}<path class="la-d la-c{color}{"" if few else " la-many"}" d="{dots}"/>'


def _dots(points: Iterable[tuple[float, float]], radius: float) -> str:
    """Circles as one path, which is a third as long as elements of their own."""
    r = f"{radius:g}"
    return "".join(f"M{a - radius:.1f} {b:.1f}a{r} {r} 0 1 0 {2 * radius:g} 0a{r} {r} 0 1 0 -{2 * radius:g} 0" for a, b in points)


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """A line that is interrupted where nothing is known; a lone point is a line of no length, which round ends make a dot."""
    commands, joined = [], False
    for i, point in enumerate(points):
        if point is None:
            joined = False
            continue
        lone = not joined and (i + 1 == len(points) or points[i + 1] is None)
        commands.append(f"{'L' if joined else 'M'}{point[0]:.1f} {point[1]:.1f}" + ("h0" if lone else ""))
        joined = True
    return "".join(commands)


def _frame(across: Axis, up: Axis, x: Scale, y: Scale) -> str:
    bottom, right, left = HEIGHT - BOTTOM, WIDTH - RIGHT, x.start
    write = writer_of(y.ticks())
    parts = []
    for tick in y.ticks():
        at = y(tick)
        parts.append(f'<path class="la-grid" d="M{left:g} {at:.1f}H{right}"/>')
        parts.append(f'<text x="{left - 6:g}" y="{at + 4:.1f}" text-anchor="end">{write(tick)}</text>')
    ticks = [tick for tick in x.ticks() if not across.is_whole or tick == round(tick)]
    write = writer_of(ticks)
    for tick in ticks:
        parts.append(f'<path class="la-tick" d="M{x(tick):.1f} {bottom}v4"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{write(tick)}</text>')
    parts.append(f'<path class="la-axis" d="M{left:g} {TOP}V{bottom}H{right}"/>')
    parts.append(labels(across.label, up.label, left))
    return "".join(parts)
