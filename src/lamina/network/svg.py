"""A network drawn as SVG, as text: it needs no other package, and any browser shows it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lamina.network.layout import Place, columns_of, path_of, rows_of
from lamina.network.node import InputNode, Node

__all__ = ["svg_of"]

_FONT, _LETTER, _LINE = 13, 7.9, 18  # pixels: of a letter, its width in the widest common font, and a line
_PAD, _GAP, _BETWEEN = 12, 56, 26  # pixels: within a box, between columns, between rows
_LONGEST = 40  # characters of a line
_COLORS = {"input": "#009E73", "layer": "#0072B2", "output": "#D55E00"}  # those of the plots
_GRAY = "#666666"


def svg_of(inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> str:
    """The picture: inputs on the left, outputs on the right, a box for each layer and an arrow for each connection."""
    columns = columns_of(inputs, nodes)
    paths = [path_of(columns, sender, node.name) for node in nodes for sender in node.inputs]
    rows = rows_of(columns, paths)
    texts = {item.name: _lines(item.name, "input", item.width) for item in inputs}
    texts |= {node.name: _lines(node.name, node.describe(), node.width) for node in nodes}
    kinds = {item.name: "input" for item in inputs} | {n.name: "output" if n.name in outputs else "layer" for n in nodes}
    widths = [
        2 * _PAD + _LETTER * max(len(line) for name in texts if columns[name] == column for line in texts[name])
        for column in range(max(columns.values()) + 1)
    ]
    middles = [sum(widths[:column]) + column * _GAP + _GAP / 2 + width / 2 for column, width in enumerate(widths)]
    box = 3 * _LINE + _PAD
    top = max(rows.values())

    def y_of(place: Place) -> float:
        return (top - rows[place]) * (box + _BETWEEN) + box / 2 + _BETWEEN

    def column_of(place: Place) -> int:
        return columns[place] if isinstance(place, str) else place[2]

    arrows = [_arrow([(middles[c := column_of(p)], y_of(p), widths[c] / 2) for p in path]) for path in paths]
    boxes = [
        _box(middles[columns[name]], y_of(name), widths[columns[name]], box, texts[name], _COLORS[kinds[name]]) for name in texts
    ]
    width = sum(widths) + len(widths) * _GAP
    height = (top - min(rows.values())) * (box + _BETWEEN) + box + 2 * _BETWEEN
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="{_FONT}" text-anchor="middle">'
    marker = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{_GRAY}"/></marker></defs>'
    )
    return "\n".join([head, marker, *arrows, *boxes, "</svg>"])


def _lines(name: str, what: str, width: int | None) -> list[str]:
    """The lines of a box; an ellipsis replaces the middle of a long one."""
    lines = (name, what, "? wide" if width is None else f"{width:,} wide")
    half = (_LONGEST - 1) // 2
    return [line if len(line) <= _LONGEST else f"{line[:half]}…{line[-half:]}" for line in lines]


def _box(x: float, y: float, width: float, height: float, lines: Sequence[str], color: str) -> str:
    left, top = x - width / 2, y - height / 2
    frame = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height}" rx="6" fill="white" stroke="{color}" '
        'stroke-width="1.6"/>'
    )
    texts = [
        f'<text x="{x:.1f}" y="{top + _PAD / 2 + (i + 0.75) * _LINE:.1f}">{escape(line)}</text>' for i, line in enumerate(lines)
    ]
    return "".join([frame, *texts])


def _arrow(points: Sequence[tuple[float, float, float]]) -> str:
    """A line that is level in the columns, where boxes are, and bends between them; of each point x, y and half a box's width."""
    (x, y, half), *rest = points
    parts = [f"M{x + half:.1f} {y:.1f}"]
    before = x + half
    for i, (x, y_next, half) in enumerate(rest):
        middle = (before + x - half) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {y_next:.1f} {x - half:.1f} {y_next:.1f}")
        if i < len(rest) - 1:
            parts.append(f"H{x + half:.1f}")
        before, y = x + half, y_next
    return f'<path d="{"".join(parts)}" fill="none" stroke="{_GRAY}" stroke-width="1.2" marker-end="url(#head)"/>'
