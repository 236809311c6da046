"""Folds batch normalization into an adjacent Dense layer: at prediction both are affine maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lamina import layers
from lamina.layers import Dense, Layer
from lamina.network.node import Node

__all__ = ["FoldedNodes", "fold_nodes"]


class FoldedNodes(NamedTuple):
    """Nodes, outputs, and arrays by name; ``kept`` says why each normalization that is left could not be folded."""

    nodes: list[Node]
    outputs: list[str]
    arrays: dict[str, np.ndarray]
    kept: dict[str, str]


def fold_nodes(nodes: Sequence[Node], outputs: Sequence[str], arrays: Mapping[str, np.ndarray], *, as_dense: bool) -> FoldedNodes:
    """A network with as few batch normalizations as possible that predicts the same up to rounding.

    At prediction a batch normalization is y = a x + c with a = γ / √(σ² + ε) and c = β − μ a, from the running μ and σ². So::

        before it, x = u W + b:   y = u (W a) + (b a + c)       if only the normalization reads x
        after it,  z = y W + b:   z = x (a W) + (b + c W)       in every layer that reads y

    A Dense layer that is used several times takes nothing: its other uses would change.

    See :meth:`lamina.network.Network.fold`.
    """
    draft = _Draft(nodes, outputs, arrays)
    left = [node.name for node in nodes if isinstance(node.layer, layers.BatchNorm)]
    while folded := {name for name in left if draft.fold(name)}:  # what was removed may have been in the way
        left = [name for name in left if name not in folded]
    kept = {name: draft.obstacle(name) for name in left}
    if as_dense:
        draft.become_dense(list(kept))
        kept = {}
    return FoldedNodes(list(draft.nodes.values()), draft.outputs, draft.arrays, kept)


class _Draft:
    """The nodes and arrays as normalizations are removed from them one by one."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[str], arrays: Mapping[str, np.ndarray]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.outputs = list(outputs)
        self.arrays = dict(arrays)

    def fold(self, name: str) -> bool:
        """Fold a normalization into its neighbors, if that is possible."""
        (source,) = self.nodes[name].inputs
        readers = self._readers(name)
        factor, shift = self._affine(name)
        if self._can_take(source):
            self._into_source(source, factor, shift)
        elif readers and name not in self.outputs and all(self._is_dense_used_once(reader) for reader in readers):
            for reader in readers:
                self._into_reader(reader.name, factor, shift)
        else:
            return False
        self._remove(name, source)
        return True

    def obstacle(self, name: str) -> str:
        """Why a normalization cannot be folded, neither backward nor forward."""
        (source,) = self.nodes[name].inputs
        node = self.nodes.get(source)
        if node is None or not isinstance(node.layer, Dense):
            before = f"it reads {source!r}, which is no Dense layer"
        elif not self._is_dense_used_once(node):
            before = f"it reads {source!r}, which is used several times"
        elif not _is_linear(node.layer):
            before = f"it reads {source!r}, which has an activation"
        else:
            before = f"it is not alone in reading {source!r}"
        if name in self.outputs:
            return f"{before}, and is an output"
        reader = next(reader for reader in self._readers(name) if not self._is_dense_used_once(reader))
        what = "is used several times" if isinstance(reader.layer, Dense) else "is no Dense layer"
        return f"{before}, and {reader.name!r}, which {what}, reads it"

    def become_dense(self, names: Sequence[str]) -> None:
        """Replace normalizations by Dense layers with diagonal weights."""
        replaced: dict[str, Dense] = {}
        for name in names:
            layer = self.nodes[name].layer_name
            if layer not in replaced:
                factor, shift = self._affine(name)
                replaced[layer] = Dense(len(factor), name=layer)
                self.arrays[f"{layer}.weight"], self.arrays[f"{layer}.bias"] = np.diag(factor), shift
            self.nodes[name] = self.nodes[name]._replace(layer=replaced[layer])

    def _readers(self, name: str) -> list[Node]:
        return [node for node in self.nodes.values() if name in node.inputs]

    def _affine(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """a and c of y = a x + c."""
        layer, arrays, owner = self.nodes[name].layer, self.arrays, self.nodes[name].layer_name
        assert isinstance(layer, layers.BatchNorm)
        mean, variance = arrays[f"{owner}.running_mean"], arrays[f"{owner}.running_variance"]
        factor = arrays.get(f"{owner}.gamma", np.ones_like(mean)) / np.sqrt(variance + layer.eps)
        return factor, arrays.get(f"{owner}.beta", np.zeros_like(mean)) - mean * factor

    def _can_take(self, source: str) -> bool:
        """Whether the layer before is a Dense layer without activation that only the normalization reads."""
        node = self.nodes.get(source)
        alone = len(self._readers(source)) == 1 and source not in self.outputs
        return node is not None and self._is_dense_used_once(node) and _is_linear(node.layer) and alone

    def _is_dense_used_once(self, node: Node) -> bool:
        uses = sum(other.layer_name == node.layer_name for other in self.nodes.values())
        return isinstance(node.layer, Dense) and uses == 1

    def _into_source(self, source: str, factor: np.ndarray, shift: np.ndarray) -> None:
        self.arrays[f"{source}.weight"] = self.arrays[f"{source}.weight"] * factor
        self.arrays[f"{source}.bias"] = self.arrays.get(f"{source}.bias", 0.0) * factor + shift
        self._give_bias(source)

    def _into_reader(self, reader: str, factor: np.ndarray, shift: np.ndarray) -> None:
        weight = self.arrays[f"{reader}.weight"]
        self.arrays[f"{reader}.bias"] = self.arrays.get(f"{reader}.bias", 0.0) + shift @ weight
        self.arrays[f"{reader}.weight"] = factor[:, None] * weight
        self._give_bias(reader)

    def _give_bias(self, name: str) -> None:
        node = self.nodes[name]
        assert isinstance(node.layer, Dense)
        self.nodes[name] = node._replace(layer=replace(node.layer, use_bias=True))

    def _remove(self, name: str, source: str) -> None:
        """Connect the readers of the normalization to its input."""
        del self.nodes[name]
        self.outputs = [source if output == name else output for output in self.outputs]
        for node in self._readers(name):
            inputs = tuple(source if sender == name else sender for sender in node.inputs)
            self.nodes[node.name] = node._replace(inputs=inputs)


def _is_linear(layer: Layer) -> bool:
    return isinstance(layer, Dense) and layer.describe() in (f"Dense({layer.units})", f"Dense({layer.units}, identity)")
