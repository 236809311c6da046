"""A network as a table, in plain text and in HTML."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.program import Parameter
from lamina.html import folded, paragraph, table
from lamina.network.arrangement import depth_of
from lamina.network.node import InputNode, Node
from lamina.network.svg import svg_of

__all__ = ["summary_html", "summary_of"]

_HEADERS = ("name", "layer", "reads", "width", "parameters")
_RIGHT = ("width", "parameters")
_MOST_ROWS = 40  # of a table in HTML
_MOST_DRAWN = 10  # boxes of a picture in HTML


def summary_of(
    inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], parameters: Sequence[Parameter] | None
) -> str:
    """One line per input and layer, and the totals; "?" stands for what is unknown before ``build``, such as parameters."""
    lines = _aligned([_HEADERS, *_rows(inputs, nodes, parameters)])
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:], rule, _totals(inputs, nodes, outputs, parameters)])


def summary_html(
    inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], parameters: Sequence[Parameter] | None
) -> list[str]:
    """The layers' table, the totals and, of few layers, the picture, folded; without a frame."""
    rows = _rows(inputs, nodes, parameters)
    drawn = []
    if len(rows) <= _MOST_DRAWN:
        picture = svg_of(inputs, nodes, outputs, is_inline=True)
        drawn = [folded("Picture", f'<div class="la-network" tabindex="0" role="group" aria-label="Picture">{picture}</div>')]
    if len(rows) > _MOST_ROWS:
        left_out = f"… {len(rows) - _MOST_ROWS + 1} more …"
        half = _MOST_ROWS // 2
        rows = [*rows[:half], (left_out, "", "", "", ""), *rows[half + len(rows) - _MOST_ROWS + 1 :]]
    return [table(_HEADERS, rows, right=_RIGHT), paragraph(_totals(inputs, nodes, outputs, parameters), "soft"), *drawn]


def _rows(
    inputs: Sequence[InputNode], nodes: Sequence[Node], parameters: Sequence[Parameter] | None
) -> list[tuple[str, str, str, str, str]]:
    """A row of texts for each input and layer."""
    counts = {} if parameters is None else _counts(nodes, parameters)
    rows = [(item.name, "Input", "", _number(item.width), "0") for item in inputs]
    for node in nodes:
        reads, count = ", ".join(node.inputs), counts.get(node.name, "?")
        rows.append((node.name, node.describe(), reads, _number(node.width), count))
    return rows


def _totals(
    inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], parameters: Sequence[Parameter] | None
) -> str:
    total = "unknown until built" if parameters is None else f"{sum(parameter.size for parameter in parameters):,}"
    frozen = sum(parameter.size for parameter in parameters or () if not parameter.trainable)
    total += f", {frozen:,} of them frozen" if frozen else ""
    return f"outputs: {', '.join(outputs)}    depth: {depth_of(inputs, nodes, outputs)}    parameters: {total}"


def _counts(nodes: Sequence[Node], parameters: Sequence[Parameter]) -> dict[str, str]:
    """The numbers of parameters; those of a layer count at its first use."""
    counts = {node.name: 0 for node in nodes}
    first = {node.layer_name: node.name for node in reversed(nodes)}
    for parameter in parameters:
        counts[first[parameter.layer]] += parameter.size
    return {name: f"{count:,}" for name, count in counts.items()}


def _number(width: int | None) -> str:
    return "?" if width is None else f"{width:,}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    sizes = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
    return [
        "  ".join(
            cell.rjust(size) if header in _RIGHT else cell.ljust(size)
            for cell, size, header in zip(row, sizes, _HEADERS, strict=True)
        ).rstrip()
        for row in rows
    ]
