"""A network as a plain-text table."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.program import Parameter
from lamina.network.arrangement import depth_of
from lamina.network.node import InputNode, Node

__all__ = ["summary_of"]

_HEADERS = ("name", "layer", "reads", "width", "parameters")
_RIGHT = ("width", "parameters")


def summary_of(
    inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], parameters: Sequence[Parameter] | None
) -> str:
    """One line per input and layer, and the totals; "?" stands for what is unknown before ``build``, such as parameters."""
    counts = {} if parameters is None else _counts(nodes, parameters)
    rows = [(item.name, "Input", "", _number(item.width), "0") for item in inputs]
    rows += [
        (node.name, node.layer.describe(), ", ".join(node.inputs), _number(node.width), counts.get(node.name, "?"))
        for node in nodes
    ]
    lines = _aligned([_HEADERS, *rows])
    rule = "-" * max(map(len, lines))
    total = "unknown until built" if parameters is None else f"{sum(parameter.size for parameter in parameters):,}"
    totals = f"outputs: {', '.join(outputs)}    depth: {depth_of(inputs, nodes, outputs)}    parameters: {total}"
    return "\n".join([lines[0], rule, *lines[1:], rule, totals])


def _counts(nodes: Sequence[Node], parameters: Sequence[Parameter]) -> dict[str, str]:
    counts = {node.name: 0 for node in nodes}
    for parameter in parameters:
        counts[parameter.layer] += parameter.size
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
