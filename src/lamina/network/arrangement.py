"""The order of a network's nodes, their widths, and the check that they form a directed acyclic graph."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.errors import InvalidSettingError, ShapeError, phrase, phrase_unknown
from lamina.layers import Incoming, Layer
from lamina.network.node import InputNode, Node

__all__ = ["depth_of", "in_order", "with_widths"]


def in_order(inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """The nodes that the outputs need, each after the nodes that it reads: depth first from the outputs, unique for a network.

    Raises
    ------
    InvalidSettingError
        When a name is used twice or is unknown, the nodes form a cycle, or a node or an input leads to no output.
    """
    by_name = _by_name(inputs, nodes)
    for name in outputs:
        if isinstance(by_name.get(name), InputNode):
            raise InvalidSettingError(phrase("an output", "must come from a layer", name, repair="Put a layer between."))
    ordered = _walk(by_name, outputs)
    used = {source for node in ordered for source in node.inputs}
    for input_node in inputs:
        if input_node.name not in used:
            raise InvalidSettingError(phrase("an input", "must lead to an output", input_node.name, repair="Leave it out."))
    idle = set(by_name) - {node.name for node in ordered} - {input_node.name for input_node in inputs}
    if idle:
        raise InvalidSettingError(phrase("a layer", "must lead to an output", min(idle), repair="Leave it out."))
    return ordered


def _by_name(inputs: Sequence[InputNode], nodes: Sequence[Node]) -> dict[str, InputNode | Node]:
    by_name: dict[str, InputNode | Node] = {}
    items: tuple[InputNode | Node, ...] = (*inputs, *nodes)
    for item in items:
        if item.name in by_name:
            raise InvalidSettingError(phrase("a name", "must be used once", item.name, repair="Rename one of the two."))
        by_name[item.name] = item
    return by_name


def _walk(by_name: dict[str, InputNode | Node], outputs: Sequence[str]) -> list[Node]:
    """Depth first with an explicit stack; reaching a node that is still open means that there is a cycle."""
    ordered: list[Node] = []
    done: set[str] = set()
    open_names: dict[str, None] = {}
    stack = list(reversed(outputs))
    while stack:
        name = stack[-1]
        item = by_name.get(name)
        if item is None:
            raise InvalidSettingError(phrase_unknown("a reference", name, by_name))
        waiting = [source for source in _sources(item) if source not in done]
        if name in done or not waiting:
            stack.pop()
            open_names.pop(name, None)
            if name not in done and isinstance(item, Node):
                ordered.append(item)
            done.add(name)
            continue
        open_names[name] = None
        for source in waiting:
            _check_no_cycle(source, open_names)
        stack.extend(reversed(waiting))
    return ordered


def _sources(item: InputNode | Node) -> tuple[str, ...]:
    return item.inputs if isinstance(item, Node) else ()


def _check_no_cycle(source: str, open_names: dict[str, None]) -> None:
    if source in open_names:
        path = list(open_names)
        cycle = " → ".join([*path[path.index(source) :][::-1], path[-1]])
        raise InvalidSettingError(phrase("a network", "must have no cycle", cycle, repair="Remove one of these links."))


def with_widths(inputs: Sequence[InputNode], nodes: Sequence[Node]) -> list[Node]:
    """The nodes with their widths, where they follow from those of the inputs; a ShapeError names the layer and both shapes.

    Raises
    ------
    InvalidSettingError
        When a layer that reads codes of categories reads what another layer makes.
    """
    widths: dict[str, int | None] = {item.name: item.width for item in inputs}
    given = set(widths)
    placed = []
    used: dict[str, Sequence[Incoming]] = {}
    for node in nodes:
        known = [Incoming(name, width) for name in node.inputs if (width := widths[name]) is not None]
        node.layer.check_count(node.inputs, node.name)
        if node.layer.reads_codes and not given.issuperset(node.inputs):
            rule, repair = (
                "must be an input of the network, as only inputs hold codes",
                "Put the layer first, or give it an Input.",
            )
            raise InvalidSettingError(phrase("the input", rule, node.inputs[0], repair=repair, owner=node.name))
        all_known = len(known) == len(node.inputs)
        width = node.layer.output_width(known, owner=node.name) if all_known else node.layer.fixed_width
        if all_known:
            _check_uses(node, used.setdefault(node.layer_name, known), known)
        widths[node.name] = width
        placed.append(node._replace(width=width))
    return placed


def _check_uses(node: Node, first: Sequence[Incoming], now: Sequence[Incoming]) -> None:
    """Raise a ShapeError if the layer's weights would have other shapes than in its first use, with which it shares them."""
    if now is not first and _shapes(node.layer, now) != _shapes(node.layer, first):
        before, here = (", ".join(f"{source.sender} (n, {source.width})" for source in incoming) for incoming in (first, now))
        rule, repair = f"must read as many columns as in {before}", "Use a layer of its own for each width."
        raise ShapeError(phrase("a layer that is used twice", rule, here, repair=repair, owner=node.name))


def _shapes(layer: Layer, incoming: Sequence[Incoming]) -> list[tuple[int, ...]]:
    ops = layer.ops([source.width for source in incoming])
    return [draft.shape for op in ops for draft in (*op.parameters, *op.state)]


def depth_of(inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> int:
    """The largest number of layers of units on a path from an input to an output."""
    depths = {item.name: 0 for item in inputs}
    for node in nodes:
        depths[node.name] = max(depths[name] for name in node.inputs) + int(node.layer.makes_units)
    return max(depths[name] for name in outputs)
