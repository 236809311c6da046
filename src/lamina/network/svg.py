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
_GRAY = "#777777"  # is seen on white as on black
_HEAD = (9, 4)  # pixels: an arrow's head is so long, and half so wide


def svg_of(inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], *, is_inline: bool = False) -> str:
    """The picture: inputs on the left, outputs on the right, a box for each layer and an arrow for each connection.

    Inline, it is a part of a page, whose text's color it takes.
    """
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
    places = {name: (middles[columns[name]], y_of(name)) for name in texts}
    boxes = [_box(*places[name], widths[columns[name]], box, _COLORS[kinds[name]]) for name in texts]
    written = [_texts(*places[name], box, texts[name]) for name in texts]
    width = sum(widths) + len(widths) * _GAP
    height = (top - min(rows.values())) * (box + _BETWEEN) + box + 2 * _BETWEEN
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    look = 'fill="currentColor"' if is_inline else 'xmlns="http://www.w3.org/2000/svg"'
    head = f'<svg {look} {size} font-family="sans-serif" font-size="{_FONT}" text-anchor="middle">'
    paper = "none" if is_inline else "white"
    shafts, tips = [shaft for shaft, _ in arrows], [tip for _, tip in arrows]
    groups = {f'fill="none" stroke="{_GRAY}" stroke-width="1.2"': shafts, f'fill="{_GRAY}"': tips}
    groups[f'fill="{paper}" stroke-width="1.6"'] = boxes
    return "\n".join([head, *(f"<g {look}>{''.join(drawn)}</g>" for look, drawn in groups.items()), *written, "</svg>"])


def _lines(name: str, what: str, width: int | None) -> list[str]:
    """The lines of a box; an ellipsis replaces the middle of a long one."""
    lines = (name, what, "? wide" if width is None else f"{width:,} wide")
    half = (_LONGEST - 1) // 2
    return [line if len(line) <= _LONGEST else f"{line[:half]}…{line[-half:]}" for line in lines]


def _box(x: float, y: float, width: float, height: float, color: str) -> str:
    left, top = x - width / 2, y - height / 2
    return f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height}" rx="6" stroke="{color}"/>'


def _texts(x: float, y: float, height: float, lines: Sequence[str]) -> str:
    top = y - height / 2
    return "".join(
        f'<text x="{x:.0f}" y="{top + _PAD / 2 + (i + 0.75) * _LINE:.0f}">{escape(line)}</text>' for i, line in enumerate(lines)
    )


def _arrow(points: Sequence[tuple[float, float, float]]) -> tuple[str, str]:
    """A shaft and its tip, through points: of each x, y and half a box's width. It is level in the columns, where boxes are."""
    (x, y, half), *rest = points
    parts = [f"M{x + half:.0f} {y:.0f}"]
    end = before = x + half
    for i, (x, y_next, half) in enumerate(rest):
        middle = (before + x - half) / 2
        parts.append(f"C{middle:.0f} {y:.0f} {middle:.0f} {y_next:.0f} {x - half:.0f} {y_next:.0f}")
        if i < len(rest) - 1:
            parts.append(f"H{x + half:.0f}")
        end, before, y = x - half, x + half, y_next
    long, wide = _HEAD
    tip = f'<path d="M{end - long:.0f} {y - wide:.0f}l{long} {wide}l-{long} {wide}z"/>'
    return f'<path d="{"".join(parts)}"/>', tip
