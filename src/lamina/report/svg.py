"""Charts as inline SVG: no script and no style of their own, colors by classes, readable when they are scaled to a phone."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from lamina.report.content import Axis, Bars, Chart, Heat, Matrix, Series
from lamina.report.numbers import percent

__all__ = ["bars_svg", "chart_svg", "heat_svg", "legend", "matrix_svg"]

_WIDTH, _HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 44
_SHADES = 5  # of a density
_COLORS = 6
_ROOM = 0.04  # beyond the outermost points
_LONGEST_NAME = 26
_LONGEST_LABEL = 52
_MOST_TICKS = 6
_SMALLEST, _LARGEST = 5e-324, sys.float_info.max


@dataclass(frozen=True, slots=True)
class _Scale:
    """From numbers to pixels."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log10(each) if self.is_log else each for each in (self.low, self.high, value))
        share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halved, because the difference of the largest numbers overflows
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers between both ends."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            apart = max(1, math.ceil((last - first + 1) / _MOST_TICKS))
            powers = [10.0**power for power in range(first, last + 1, apart)]
            if len(powers) >= 2:
                return powers
        raw = self.high / (_MOST_TICKS - 1) - self.low / (_MOST_TICKS - 1)
        if not math.isfinite(raw) or raw <= 0:
            return [self.low, self.high]
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [(first + i) * step for i in range(math.floor(self.high / step + 1e-9) - first + 1)]


def chart_svg(chart: Chart) -> str:
    """Lines, points and bands over two axes."""
    colored = [(each, color) for each, color in _colored(chart) if any(map(_known, each.x)) and any(map(_known, each.y))]
    if not colored:
        return ""
    drawn = [series for series, _ in colored]
    is_log = chart.y.is_log and all(value > 0 for series in drawn for value in (*series.y, *series.low) if _known(value))
    across = [value for series in drawn for value in series.x]
    up = [value for series in drawn for value in (*series.y, *series.low, *series.high)]
    has_room = any(series.look in ("dots", "band") for series in drawn)
    x = _scale(chart.x, across, _LEFT, _WIDTH - _RIGHT, False, has_room)
    y = _scale(chart.y, up, _HEIGHT - _BOTTOM, _TOP, is_log, True)
    parts = [_frame(chart.x, chart.y, x, y)]
    if chart.mark is not None and x.low <= chart.mark[0] <= x.high:
        place = x(chart.mark[0])
        right = place > _WIDTH * 0.6
        parts.append(f'<path class="mark" d="M{place:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        anchor, shift = ("end", -4) if right else ("start", 4)
        parts.append(f'<text x="{place + shift:.1f}" y="{_TOP + 11}" text-anchor="{anchor}">{escape(chart.mark[1])}</text>')
    parts += [_series(series, x, y, color, is_log) for series, color in colored]
    return _svg(chart.title, chart.told, "".join(parts))


def legend(chart: Chart) -> str:
    """What each line is; nothing where there is one alone."""
    entries = []
    for series, color in _colored(chart):
        key = {
            "line": f'<path class="l c{color}" d="M1 6H25"/>',
            "aside": '<path class="l ca" d="M1 6H25"/>',
            "dots": f'<circle class="d c{color}" cx="13" cy="6" r="4"/>',
            "band": f'<rect class="b c{color}" x="1" y="1" width="24" height="10"/>',
        }[series.look]
        entries.append(f'<li><svg width="26" height="12" aria-hidden="true">{key}</svg> {escape(_cut(series.name))}</li>')
    return f'<ul class="legend">{"".join(entries)}</ul>' if len(entries) > 1 else ""


def heat_svg(heat: Heat) -> str:
    """Shares of bins over time: the darker, the more."""
    largest = max((share for row in heat.shares for share in row if _known(share)), default=0.0)
    if not heat.moments or largest <= 0:
        return ""
    left, right, top, bottom = _LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM
    num_bins = len(heat.edges) - 1
    borders = [left + (right - left) * i / len(heat.moments) for i in range(len(heat.moments) + 1)]
    height = (bottom - top) / num_bins
    paths: dict[int, list[str]] = {}
    for moment, row in enumerate(heat.shares):
        for place, share in enumerate(row):
            # the root, so that thin tails are seen
            level = math.ceil(_SHADES * math.sqrt(share / largest) - 0.25) if _known(share) and share > 0 else 0
            if level:
                width = borders[moment + 1] - borders[moment]
                cell = f"M{borders[moment]:.1f} {bottom - (place + 1) * height:.1f}h{width:.2f}v{height:.2f}h-{width:.2f}z"
                paths.setdefault(level, []).append(cell)
    cells = "".join(f'<path class="h h{level}" d="{"".join(found)}"/>' for level, found in sorted(paths.items()))
    inner = [(place, edge) for place, edge in enumerate(heat.edges) if _known(edge)]
    parts = [cells, f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>']
    for place, edge in inner:
        at = bottom - place * height
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{_tick(edge)}</text>')
    last = len(heat.moments) - 1
    for moment in sorted({round(last * share / 4) for share in range(5)}):
        at = (borders[moment] + borders[moment + 1]) / 2
        parts.append(f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{_tick(heat.moments[moment])}</text>')
    parts.append(_labels(heat.x.label, heat.y.label))
    return _svg(heat.title, heat.told, "".join(parts))


def bars_svg(bars: Bars) -> str:
    """A bar a name from the top, with its spread, and its number at the end."""
    if not bars.names:
        return ""
    row, left, top, right = 22, 150, 6, 64
    height = top + row * len(bars.names) + 40
    ends = [end for v, s in zip(bars.values, bars.spreads, strict=True) for end in (v - s, v + s) if _known(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    x = _Scale(low, high if high > low else low + 1, left, _WIDTH - right)
    zero, foot = x(0.0), top + row * len(bars.names)
    parts = []
    for tick in _Scale(x.low, x.high, 0, 1).ticks()[:: 1 if high > low else 2]:
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {top}V{foot}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{foot + 15}" text-anchor="middle">{_tick(tick)}</text>')
    for i, (name, value, spread) in enumerate(zip(bars.names, bars.values, bars.spreads, strict=True)):
        y, end = top + row * i, x(value) if _known(value) else zero
        start, width = min(zero, end), abs(end - zero)
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" class="name">{escape(_cut(name, 22))}</text>')
        parts.append(f'<rect class="b c0 solid" x="{start:.1f}" y="{y + 4}" width="{max(width, 0.8):.1f}" height="{row - 8}"/>')
        if spread > 0:
            low_end, high_end, middle = x(value - spread), x(value + spread), y + row / 2
            parts.append(
                f'<path class="whisker" d="M{low_end:.1f} {middle}H{high_end:.1f}M{low_end:.1f} {middle - 4}v8'
                f'M{high_end:.1f} {middle - 4}v8"/>'
            )
        at = max(end, x(value + spread) if spread > 0 else end, zero) + 6
        parts.append(f'<text x="{at:.1f}" y="{y + 15}">{_tick(value)}</text>')
    parts.append(f'<path class="axis" d="M{zero:.1f} {top}V{foot}"/>')
    parts.append(
        f'<text class="label" x="{(left + _WIDTH - right) / 2}" y="{foot + 33}" text-anchor="middle">{escape(bars.label)}</text>'
    )
    return _svg(bars.title, bars.told, "".join(parts), height)


def matrix_svg(matrix: Matrix) -> str:
    """A cell for each pair of classes, darker for a larger share of its true class, with its count."""
    n = len(matrix.names)
    left, top = 118, 46
    side = min(64.0, (_WIDTH - left - 8) / n)
    parts = [
        f'<text class="label" x="{left + side * n / 2:.1f}" y="13" text-anchor="middle">predicted</text>',
        f'<text class="label" x="{left - 8}" y="{top - 8}" text-anchor="end">true</text>',
    ]
    most = max(3, int(side / 7))
    for i, name in enumerate(matrix.names):
        middle = left + side * (i + 0.5)
        parts.append(f'<text x="{middle:.1f}" y="{top - 8}" text-anchor="middle">{escape(_cut(name, most))}</text>')
        parts.append(
            f'<text x="{left - 8}" y="{top + side * (i + 0.5) + 4:.1f}" text-anchor="end">{escape(_cut(name, 16))}</text>'
        )
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
    return _svg(matrix.title, matrix.told, "".join(parts), math.ceil(top + side * n + 6))


def _short_count(count: int, side: float) -> str:
    text = f"{count:,}"
    return text if len(text) * 6 < side else f"{count / 1000:.0f}k"


def _colored(chart: Chart) -> list[tuple[Series, str]]:
    """Each series with its color, which is the same in the picture and in its legend."""
    colors = (str(number % _COLORS) for number in itertools.count())
    return [(series, "a" if series.look == "aside" else next(colors)) for series in chart.series]


def _series(series: Series, x: _Scale, y: _Scale, color: str, is_log: bool) -> str:
    points = [
        (x(across), y(up)) if _known(across) and _known(up) and (not is_log or up > 0) else None
        for across, up in zip(series.x, series.y, strict=True)
    ]
    if series.look in ("line", "aside"):
        return f'<path class="l c{color}" d="{_path(points)}"/>'
    if series.look == "band":
        lows = [(x(a), y(b)) for a, b in zip(series.x, series.low, strict=True)]
        highs = [(x(a), y(b)) for a, b in zip(series.x, series.high, strict=True)]
        outline = "L".join(f"{a:.1f} {b:.1f}" for a, b in [*highs, *reversed(lows)])
        return f'<path class="b c{color}" d="M{outline}z"/>'
    whiskers = "".join(
        f"M{x(across):.1f} {y(low):.1f}V{y(high):.1f}"
        for across, low, high in zip(series.x, series.low, series.high, strict=False)
    )
    few = len(points) <= 30
    line = f'<path class="l c{color}" d="{_path(points)}"/>' if whiskers else ""
    radius = 4 if few else 2.2
    dots = _dots([point for point in points if point is not None], radius)
    bars = f'<path class="l c{color} thin" d="{whiskers}"/>' if whiskers else ""
    return f'{bars}{line}<path class="d c{color}{"" if few else " many"}" d="{dots}"/>'


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


def _scale(axis: Axis, values: Iterable[float], start: float, end: float, is_log: bool, has_room: bool) -> _Scale:
    known = [value for value in values if _known(value) and (not is_log or value > 0)]
    low, high = axis.ends or (min(known), max(known))
    if low == high:
        low, high = (low / 2, high * 2) if is_log else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    elif has_room and axis.ends is None and is_log:
        room = _ROOM * (math.log10(high) - math.log10(low))
        low, high = low * 10**-room, high * 10 ** min(room, 300 - math.log10(high) if high < 1e299 else 0)
    elif has_room and axis.ends is None:
        room = 2 * _ROOM * (high / 2 - low / 2)  # halved, because the difference of the largest numbers overflows
        low, high = max(low - room, 0.0 if low >= 0 else -_LARGEST), min(high + room, _LARGEST)
    return _Scale(max(low, _SMALLEST) if is_log else low, high, start, end, is_log)


def _frame(across: Axis, up: Axis, x: _Scale, y: _Scale) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    write = _writer(y.ticks())
    parts = []
    for tick in y.ticks():
        at = y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{right}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{write(tick)}</text>')
    write = _writer(x.ticks())
    for tick in x.ticks():
        parts.append(f'<path class="tick" d="M{x(tick):.1f} {bottom}v4"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{write(tick)}</text>')
    parts.append(f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>')
    parts.append(_labels(across.label, up.label))
    return "".join(parts)


def _labels(across: str, up: str) -> str:
    middle, height = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _BOTTOM) / 2
    return (
        f'<text class="label" x="{middle}" y="{_HEIGHT - 7}" text-anchor="middle">{escape(_cut(across, _LONGEST_LABEL))}</text>'
        f'<text class="label" transform="translate(10 {height}) rotate(-90)" text-anchor="middle">{escape(_cut(up, 38))}</text>'
    )


def _writer(ticks: Sequence[float]) -> Callable[[float], str]:
    """How an axis' numbers are written: large ones in thousands or millions, so that they fit beside it."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    for unit, word in ((1e6, "M"), (1e3, "k")):
        if 10_000 <= largest < 1e9 and largest >= unit * 2:
            return lambda tick: f"{tick / unit:.4g}{word}" if tick else "0"
    return _tick


def _tick(value: float) -> str:
    if not _known(value):
        return "–"
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.2g}"
    return "0" if text in ("-0", "0") else text.replace("-", "−").replace("e−0", "e−")


def _cut(name: str, most: int = _LONGEST_NAME) -> str:
    text = " ".join(str(name).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _svg(title: str, told: str, inside: str, height: float = _HEIGHT) -> str:
    label = escape(f"{title}. {told}")
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{inside}</svg>'


def _known(value: float) -> bool:
    return math.isfinite(value)
