"""Folds batch normalization into an adjacent Dense layer: at prediction both are affine maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lamina import layers
from lamina.layers import Dense
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

    See :meth:`lamina.network.Network.fold`.
    """
    draft = _Draft(nodes, outputs, arrays)
    left = [node.name for node in nodes if isinstance(node.layer, layers.BatchNorm)]
    while folded := {name for name in left if draft.fold(name)}:  # what was removed may have been in the way
        left = [name for name in left if name not in folded]
    kept = {name: draft.obstacle(name) for name in left}
    if as_dense:
        for name in kept:
            draft.become_dense(name)
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
        if self._can_take(source, name):
            self._into_source(source, factor, shift)
        elif readers and name not in self.outputs and all(isinstance(reader.layer, Dense) for reader in readers):
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
        elif not _is_linear(node.layer):
            before = f"it reads {source!r}, which has an activation"
        else:
            before = f"it is not alone in reading {source!r}"
        if name in self.outputs:
            return f"{before}, and is an output"
        reader = next(reader.name for reader in self._readers(name) if not isinstance(reader.layer, Dense))
        return f"{before}, and {reader!r}, which is no Dense layer, reads it"

    def become_dense(self, name: str) -> None:
        """Replace a normalization by a Dense layer with diagonal weights."""
        factor, shift = self._affine(name)
        self.nodes[name] = self.nodes[name]._replace(layer=Dense(len(factor), name=name))
        self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"] = np.diag(factor), shift

    def _readers(self, name: str) -> list[Node]:
        return [node for node in self.nodes.values() if name in node.inputs]

    def _affine(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """a and c of y = a x + c."""
        layer, arrays = self.nodes[name].layer, self.arrays
        assert isinstance(layer, layers.BatchNorm)
        mean, variance = arrays[f"{name}.running_mean"], arrays[f"{name}.running_variance"]
        factor = arrays.get(f"{name}.gamma", np.ones_like(mean)) / np.sqrt(variance + layer.eps)
        return factor, arrays.get(f"{name}.beta", np.zeros_like(mean)) - mean * factor

    def _can_take(self, source: str, name: str) -> bool:
        """Whether the layer before is a Dense layer without activation that only the normalization reads."""
        node = self.nodes.get(source)
        alone = len(self._readers(source)) == 1 and source not in self.outputs
        return node is not None and isinstance(node.layer, Dense) and _is_linear(node.layer) and alone

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


def _is_linear(layer: Dense) -> bool:
    return layer.activation is None or layer.describe() == f"Dense({layer.units}, identity)"
