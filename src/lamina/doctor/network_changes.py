"""A network with changes, made from its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import get_initializer
from lamina.network import Network, network_from_dict

__all__ = ["NETWORK_WORDS", "changed_network"]

#: The words of a cure that change a network rather than its training.
NETWORK_WORDS = ("activation", "output_activation", "weight_init", "batch_norm", "dropout", "l2", "scale_inputs")


def changed_network(network: Network, changes: Mapping[str, Any]) -> Network:
    """The network with changes by the words :data:`NETWORK_WORDS`; its inputs keep their widths.

    ``batch_norm`` and ``dropout`` add a layer after each hidden dense layer, or take away all there are. ``scale_inputs`` puts a
    batch normalization before the first layers.

    Raises
    ------
    InvalidSettingError
        If the network cannot be described, or a word changes no network.
    """
    described = network.to_dict()
    for word, value in changes.items():
        if word not in _CHANGERS:
            raise InvalidSettingError(phrase("a change of a network", f"must be one of {', '.join(NETWORK_WORDS)}", word))
        _CHANGERS[word](described, value)
    return network_from_dict(described)


def _dense(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in described["nodes"] if node["layer"]["kind"] == "dense"]


def _last_dense(described: dict[str, Any]) -> set[str]:
    """Names of the dense layers from which only layers on units lead to an output."""
    ends = set(described["outputs"])
    for node in reversed(described["nodes"]):
        if node["layer"]["name"] in ends and node["layer"]["kind"] != "dense" and len(node["inputs"]) == 1:
            ends.add(node["inputs"][0])
    return {node["layer"]["name"] for node in _dense(described)} & ends


def _after_last(described: dict[str, Any]) -> set[str]:
    """The last dense layers, and the layers after them."""
    ends = _last_dense(described)
    for node in described["nodes"]:
        if set(node["inputs"]) & ends:
            ends.add(node["layer"]["name"])
    return ends


def _activation(described: dict[str, Any], function: Any) -> None:
    ends = _after_last(described)
    for node in described["nodes"]:
        layer = node["layer"]
        if layer["name"] in ends:
            continue
        if layer["kind"] == "activation":
            layer["function"] = function
        elif layer["kind"] == "dense" and layer["activation"] is not None:
            layer["activation"] = function
    if not any(
        node["layer"]["kind"] == "activation" or node["layer"].get("activation")
        for node in described["nodes"]
        if node["layer"]["name"] not in ends
    ):
        for node in _dense(described):
            if node["layer"]["name"] not in ends:
                node["layer"]["activation"] = function


def _output_activation(described: dict[str, Any], function: Any) -> None:
    ends = _after_last(described)
    for node in described["nodes"]:
        layer = node["layer"]
        if layer["name"] in ends and layer["kind"] == "dense":
            layer["activation"] = function
    dropped = {
        node["layer"]["name"]: node["inputs"][0]
        for node in described["nodes"]
        if node["layer"]["name"] in ends and node["layer"]["kind"] == "activation"
    }
    _drop(described, dropped)


def _weight_init(described: dict[str, Any], name: Any) -> None:
    for node in _dense(described):
        node["layer"]["weight_init"] = get_initializer(name).to_dict()


def _l2(described: dict[str, Any], factor: float) -> None:
    for node in _dense(described):
        node["layer"] |= {"l1": 0.0, "l2": factor, "regularizer": None}


def _batch_norm(described: dict[str, Any], wanted: bool) -> None:
    _drop(described, _only_on_units(described, "batch_norm"))
    if wanted:
        # after the layer as a whole: where a dense layer has a function of its own, its outputs are normalized
        _insert(described, "batch_norm", {"momentum": 0.9, "eps": 1e-5, "affine": True})


def _dropout(described: dict[str, Any], rate: float) -> None:
    if rate == 0:
        _drop(described, _only_on_units(described, "dropout"))
        return
    there = [node for node in described["nodes"] if node["layer"]["kind"] == "dropout"]
    for node in there:
        node["layer"]["rate"] = rate
    if not there:
        _insert(described, "dropout", {"rate": rate})


def _scale_inputs(described: dict[str, Any], wanted: bool) -> None:
    if not wanted:
        return
    for item in described["inputs"]:
        name = f"scaled_{item['name']}"
        for node in described["nodes"]:
            node["inputs"] = [name if source == item["name"] else source for source in node["inputs"]]
        layer = {"kind": "batch_norm", "name": name, "momentum": 0.9, "eps": 1e-5, "affine": False}
        described["nodes"].insert(0, {"layer": layer, "inputs": [item["name"]]})


def _only_on_units(described: dict[str, Any], kind: str) -> dict[str, str]:
    return {node["layer"]["name"]: node["inputs"][0] for node in described["nodes"] if node["layer"]["kind"] == kind}


def _insert(described: dict[str, Any], kind: str, settings: dict[str, Any]) -> None:
    """A layer after each hidden dense layer, or after the function that follows it."""
    ends = _after_last(described)
    nodes: list[dict[str, Any]] = []
    renamed: dict[str, str] = {}
    for node in described["nodes"]:
        node["inputs"] = [renamed.get(source, source) for source in node["inputs"]]
        nodes.append(node)
        if node["layer"]["kind"] == "dense" and node["layer"]["name"] not in ends:
            name = f"{kind}_after_{node['layer']['name']}"
            nodes.append({"layer": {"kind": kind, "name": name, **settings}, "inputs": [node["layer"]["name"]]})
            renamed[node["layer"]["name"]] = name
    described["nodes"] = nodes


def _drop(described: dict[str, Any], dropped: Mapping[str, str]) -> None:
    """Take layers out; those that read them read what they read."""

    def source(name: str) -> str:
        return source(dropped[name]) if name in dropped else name

    described["nodes"] = [node for node in described["nodes"] if node["layer"]["name"] not in dropped]
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
    "scale_inputs": _scale_inputs,
}
