"""Networks as JSON-able dicts.

The format, version 1::

    {"kind": "graph", "version": 1,
     "inputs": [{"name": "x", "width": 20}],
     "nodes": [{"layer": {"kind": "dense", "name": "dense_1", "units": 3, …}, "inputs": ["x"]}],
     "outputs": ["dense_1"]}

A node that uses a layer once more has ``"use": 2`` (3, …) besides, and its name is ``"dense_1.2"``.

An ensemble describes a member, and has "members", "sharing" and "scale_init" beside that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from lamina.errors import InvalidSettingError, phrase
from lamina.layers import Layer, layer_from_dict
from lamina.layers.layer import LAYER_NAME
from lamina.network.node import InputNode, Node
from lamina.settings import check_keys
from lamina.validation import check_parameters, integer, one_of, value

__all__ = ["VERSION", "describe", "read_description"]

VERSION = 1
_KEYS = {"kind": str, "version": int, "inputs": list, "nodes": list, "outputs": list}
_USE_RULES = {"use": integer(1)}
_INPUT_RULES = {"name": LAYER_NAME, "width": one_of(value(None), integer(1))}


def describe(
    kind: str,
    inputs: Sequence[InputNode],
    nodes: Sequence[Node],
    outputs: Sequence[str],
    of_layer: Callable[[Layer], dict[str, Any]],
) -> dict[str, Any]:
    """The dict that describes a network. Uses of a layer have its dict in common, so that whoever changes it changes them all."""
    layers = {node.layer_name: of_layer(node.layer) for node in nodes}
    return {
        "kind": kind,
        "version": VERSION,
        "inputs": [{"name": item.name, "width": item.width} for item in inputs],
        "nodes": [
            {"layer": layers[node.layer_name], "inputs": list(node.inputs)} | ({} if node.use == 1 else {"use": node.use})
            for node in nodes
        ],
        "outputs": list(outputs),
    }


def read_description(
    description: Mapping[str, Any], settings: Collection[str] = ()
) -> tuple[list[InputNode], list[Node], list[str]]:
    """Inputs, nodes (in any order) and outputs of :func:`describe`'s dict; ``settings`` are further keys, not read here.

    Raises
    ------
    InvalidSettingError
        When a key, layer, setting or version is missing or unknown, or the uses of a layer differ in its settings.
    """
    _check_types(description, _KEYS, "a network's description")
    check_keys(description, {**_KEYS, **dict.fromkeys(settings)}, owner="a network's description")
    if description["version"] != VERSION:
        repair = "Load it with a newer Lamina."
        raise InvalidSettingError(phrase("version of the network", f"must be {VERSION}", description["version"], repair=repair))
    outputs = [str(name) for name in description["outputs"]]
    if not outputs or len(set(outputs)) < len(outputs):
        raise InvalidSettingError(phrase("outputs", "must be one or more different names", outputs))
    layers: dict[str, Layer] = {}
    return [_input(item) for item in description["inputs"]], [_node(item, layers) for item in description["nodes"]], outputs


def _input(item: Mapping[str, Any]) -> InputNode:
    _check_types(item, {"name": str}, "an input's description")
    check_parameters({"width": None, **item}, _INPUT_RULES, owner="Input")
    return InputNode(item["name"], item.get("width"))


def _node(item: Mapping[str, Any], layers: dict[str, Layer]) -> Node:
    """The node; ``layers``, by name, are those of the nodes before it, and get its own."""
    _check_types(item, {"layer": Mapping, "inputs": list}, "a node's description")
    check_parameters({"use": 1, **item}, _USE_RULES, owner="a node's description")
    layer = layer_from_dict(item["layer"])
    if layer.name is None:
        raise InvalidSettingError(phrase("a layer of a network", 'must have a "name"', dict(item["layer"])))
    node = Node(layers.setdefault(layer.name, layer), tuple(str(name) for name in item["inputs"]), use=int(item.get("use", 1)))
    if node.layer != layer:
        rule = "must have the same settings in each use"
        raise InvalidSettingError(phrase("a layer of a network", rule, dict(item["layer"]), owner=node.name))
    return node


def _check_types(item: object, types: Mapping[str, type], what: str) -> None:
    """Raise an error if ``item`` is not a dict, lacks a key, or has a value of another type."""
    if not isinstance(item, Mapping):
        raise InvalidSettingError(phrase(what, "must be a dict", item))
    for key, kind in types.items():
        if not isinstance(item.get(key), kind):
            raise InvalidSettingError(phrase(f'the key "{key}" of {what}', f"must be a {kind.__name__}", item.get(key)))
