"""A network as a table of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.network.network import Network

__all__ = ["summary_of"]

_HEADERS = ("name", "layer", "reads", "width", "parameters")
_RIGHT = ("width", "parameters")


def summary_of(network: Network) -> str:
    """One line an input and a layer, and the totals; "?" stands for what is not known before ``build``."""
    counts = _counts(network)
    rows = [(item.name, "Input", "", _number(item.width), "0") for item in network.inputs]
    rows += [
        (node.name, node.layer.describe(), ", ".join(node.inputs), _number(node.width), counts.get(node.name, "?"))
        for node in network.nodes
    ]
    lines = _aligned([_HEADERS, *rows])
    rule = "-" * max(map(len, lines))
    total = f"{network.num_parameters:,}" if network.is_built else "unknown until built"
    outputs = ", ".join(network.output_names)
    return "\n".join([lines[0], rule, *lines[1:], rule, f"outputs: {outputs}    depth: {network.depth}    parameters: {total}"])


def _counts(network: Network) -> dict[str, str]:
    if not network.is_built:
        return {}
    counts = {node.name: 0 for node in network.nodes}
    for parameter in network.parameters:
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
