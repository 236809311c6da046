"""A network with changes, made from its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import get_initializer
from lamina.layers import BatchNorm, Dense, Dropout, Layer
from lamina.network import Network, network_from_dict

__all__ = ["NETWORK_WORDS", "changed_network"]

#: The words of a cure that change a network rather than its training.
NETWORK_WORDS = ("activation", "output_activation", "weight_init", "widths", "batch_norm", "dropout", "l2")


def changed_network(network: Network, changes: Mapping[str, Any]) -> Network:
    """The network with changes by the words :data:`NETWORK_WORDS`; its inputs keep their widths.

    ``batch_norm`` adds a layer after each hidden dense layer and ``dropout`` one after its activation, or they take all away.

    Raises
    ------
    InvalidSettingError
        If a word changes no network, or a value does not suit this one.
    ShapeError
        If layers that are added to each other would have different widths.
    """
    described = network.to_dict()
    for word, value in changes.items():
        if word not in _CHANGERS:
            raise InvalidSettingError(phrase("a change of a network", f"must be one of {', '.join(NETWORK_WORDS)}", word))
        _CHANGERS[word](described, value)
    return network_from_dict(described)


def _name(node: Mapping[str, Any]) -> str:
    """The name of a node: its layer's, with the number of the use if that is not the first."""
    use = node.get("use", 1)
    return str(node["layer"]["name"]) if use == 1 else f"{node['layer']['name']}.{use}"


def _dense(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in described["nodes"] if node["layer"]["kind"] == "dense"]


def _last_dense(described: dict[str, Any]) -> set[str]:
    """Names of the nodes of dense layers from which only layers on units lead to an output."""
    ends = set(described["outputs"])
    for node in reversed(described["nodes"]):
        if _name(node) in ends and node["layer"]["kind"] != "dense" and len(node["inputs"]) == 1:
            ends.add(node["inputs"][0])
    last = [node["layer"] for node in _dense(described) if _name(node) in ends]
    return {_name(node) for node in _dense(described) if any(node["layer"] is layer for layer in last)}


def _hidden_layers(described: dict[str, Any]) -> list[dict[str, Any]]:
    """The other dense layers, each once however often it is used."""
    ends = _last_dense(described)
    return list({id(node["layer"]): node["layer"] for node in _dense(described) if _name(node) not in ends}.values())


def _after_last(described: dict[str, Any]) -> set[str]:
    """The last dense layers, and the layers after them."""
    ends = _last_dense(described)
    for node in described["nodes"]:
        if set(node["inputs"]) & ends:
            ends.add(_name(node))
    return ends


def _activation(described: dict[str, Any], function: Any) -> None:
    ends = _after_last(described)
    for node in described["nodes"]:
        layer = node["layer"]
        if _name(node) in ends:
            continue
        if layer["kind"] == "activation":
            layer["function"] = function
        elif layer["kind"] == "dense" and layer["activation"] is not None:
            layer["activation"] = function
    if not any(
        node["layer"]["kind"] == "activation" or node["layer"].get("activation")
        for node in described["nodes"]
        if _name(node) not in ends
    ):
        for node in _dense(described):
            if _name(node) not in ends:
                node["layer"]["activation"] = function


def _output_activation(described: dict[str, Any], function: Any) -> None:
    ends = _after_last(described)
    for node in described["nodes"]:
        layer = node["layer"]
        if _name(node) in ends and layer["kind"] == "dense":
            layer["activation"] = function
    dropped = {
        _name(node): node["inputs"][0]
        for node in described["nodes"]
        if _name(node) in ends and node["layer"]["kind"] == "activation"
    }
    _drop(described, dropped)


def _weight_init(described: dict[str, Any], name: Any) -> None:
    for node in _dense(described):
        node["layer"] |= {"weight_init": get_initializer(name).to_dict(), "bias_init": get_initializer("zeros").to_dict()}


def _l2(described: dict[str, Any], factor: float) -> None:
    for node in _dense(described):
        node["layer"] |= {"l1": 0.0, "l2": factor, "regularizer": None, "max_norm": None}


def _widths(described: dict[str, Any], widths: Any) -> None:
    units = [int(width) for width in np.atleast_1d(widths)]
    hidden = _hidden_layers(described)
    if len(units) != len(hidden):
        if described["kind"] != "sequential" or not _last_dense(described):
            rule = f"must be one for each of the {len(hidden)} hidden layers of a graph"
            raise InvalidSettingError(phrase("widths", rule, tuple(units), owner="the network"))
        _rebuild_chain(described, len(units))
        hidden = _hidden_layers(described)
    for layer, width in zip(hidden, units, strict=True):
        layer["units"] = width


def _rebuild_chain(described: dict[str, Any], count: int) -> None:
    """So many hidden layers: each like the first with all that follows it, or a dense layer with relu if there is none."""
    nodes = described["nodes"]
    last = next(place for place, node in enumerate(nodes) if _name(node) in _last_dense(described))
    starts = [place for place, node in enumerate(nodes[: last + 1]) if node["layer"]["kind"] == "dense"]
    block = (
        [node["layer"] for node in nodes[starts[0] : starts[1]]] if len(starts) > 1 else [Dense(1, activation="relu").to_dict()]
    )
    hidden = [
        {"layer": {**layer, "name": f"{layer['kind']}_of_hidden_{number}"}} for number in range(1, count + 1) for layer in block
    ]
    chain = [*nodes[: starts[0]], *hidden, *nodes[last:]]
    names = [described["inputs"][0]["name"], *map(_name, chain)]
    described["nodes"] = [{**node, "inputs": [before]} for node, before in zip(chain, names, strict=False)]


def _batch_norm(described: dict[str, Any], wanted: bool) -> None:
    _drop(described, _only_on_units(described, "batch_norm"))
    if wanted:
        _drop(described, _only_on_units(described, "layer_norm"))
        # after the layer as a whole: where a dense layer has a function of its own, its outputs are normalized
        _insert(described, BatchNorm(), after=("dense",))


def _dropout(described: dict[str, Any], rate: float) -> None:
    inputs = {item["name"] for item in described["inputs"]}
    there = [node for node in described["nodes"] if node["layer"]["kind"] == "dropout"]
    if rate == 0:
        _drop(described, _only_on_units(described, "dropout"))
        return
    for node in there:
        of_inputs = set(node["inputs"]) <= inputs
        node["layer"]["rate"] = min(rate, node["layer"]["rate"]) if of_inputs else rate
    if all(set(node["inputs"]) <= inputs for node in there):
        _insert(described, Dropout(rate), after=("dense", "batch_norm", "layer_norm", "activation", "prelu"))


def _only_on_units(described: dict[str, Any], kind: str) -> dict[str, str]:
    return {_name(node): node["inputs"][0] for node in described["nodes"] if node["layer"]["kind"] == kind}


def _insert(described: dict[str, Any], layer: Layer, *, after: tuple[str, ...]) -> None:
    """A layer after each hidden dense layer, and after the layers of these kinds that alone follow it."""
    ends = _after_last(described)
    readers: dict[str, list[dict[str, Any]]] = {}
    for node in described["nodes"]:
        for source in node["inputs"]:
            readers.setdefault(source, []).append(node)
    for node in _dense(described):
        if _name(node) in ends:
            continue
        while len(following := readers.get(_name(node), [])) == 1 and following[0]["layer"]["kind"] in after[1:]:
            node = following[0]
        _insert_after(described, node, layer)


def _insert_after(described: dict[str, Any], node: dict[str, Any], layer: Layer) -> None:
    before = _name(node)
    name = f"{layer.kind}_after_{before.replace('.', '_')}"
    for reader in described["nodes"]:
        reader["inputs"] = [name if source == before else source for source in reader["inputs"]]
    described["outputs"] = [name if output == before else output for output in described["outputs"]]
    inserted = {"layer": {**layer.to_dict(), "name": name}, "inputs": [before]}
    described["nodes"].insert(described["nodes"].index(node) + 1, inserted)


def _drop(described: dict[str, Any], dropped: Mapping[str, str]) -> None:
    """Take layers out; those that read them read what they read."""

    def source(name: str) -> str:
        return source(dropped[name]) if name in dropped else name

    described["nodes"] = [node for node in described["nodes"] if _name(node) not in dropped]
    for node in described["nodes"]:
        node["inputs"] = [source(name) for name in node["inputs"]]
    described["outputs"] = [source(name) for name in described["outputs"]]


_CHANGERS: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "activation": _activation,
    "output_activation": _output_activation,
    "weight_init": _weight_init,
    "batch_norm": _batch_norm,
    "dropout": _dropout,
    "l2": _l2,
    "widths": _widths,
}
