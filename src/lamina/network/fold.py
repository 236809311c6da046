"""Folds batch normalization into an adjacent Dense layer: at prediction both are affine maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamina import layers
from lamina.errors import InvalidSettingError, phrase
from lamina.layers import Dense
from lamina.network.node import Node

__all__ = ["fold_batch_norm"]


def fold_batch_norm(
    nodes: Sequence[Node], outputs: Sequence[str], arrays: Mapping[str, np.ndarray], *, as_dense: bool
) -> tuple[list[Node], list[str], dict[str, np.ndarray]]:
    """Nodes, outputs and arrays (by name) of a network without batch normalization that predicts the same up to rounding.

    At prediction a batch normalization is y = a x + c with a = γ / √(σ² + ε) and c = β − μ a, from the running μ and σ². So::

        before it, x = u W + b:   y = u (W a) + (b a + c)       if only the normalization reads x
        after it,  z = y W + b:   z = x (a W) + (b + c W)       in every layer that reads y

    See :meth:`lamina.network.Network.fold`.
    """
    draft = _Draft(nodes, outputs, arrays)
    for node in nodes:
        if isinstance(node.layer, layers.BatchNorm):
            draft.fold(node.name, as_dense)
    return list(draft.nodes.values()), draft.outputs, draft.arrays


class _Draft:
    """The nodes and arrays as normalizations are removed from them one by one."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[str], arrays: Mapping[str, np.ndarray]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.outputs = list(outputs)
        self.arrays = dict(arrays)

    def fold(self, name: str, as_dense: bool) -> None:
        (source,) = self.nodes[name].inputs
        readers = self._readers(name)
        factor, shift = self._affine(name)
        if self._can_take(source, name):
            self._into_source(source, factor, shift)
        elif readers and name not in self.outputs and all(isinstance(reader.layer, Dense) for reader in readers):
            for reader in readers:
                self._into_reader(reader.name, factor, shift)
        elif as_dense:
            self._become_dense(name, factor, shift)
            return
        else:
            raise InvalidSettingError(self._refusal(name, source, readers))
        self._remove(name, source)

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

    def _become_dense(self, name: str, factor: np.ndarray, shift: np.ndarray) -> None:
        self.nodes[name] = self.nodes[name]._replace(layer=Dense(len(factor), name=name))
        self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"] = np.diag(factor), shift

    def _remove(self, name: str, source: str) -> None:
        """Connect the readers of the normalization to its input."""
        del self.nodes[name]
        self.outputs = [source if output == name else output for output in self.outputs]
        for node in self._readers(name):
            inputs = tuple(source if sender == name else sender for sender in node.inputs)
            self.nodes[node.name] = node._replace(inputs=inputs)

    def _refusal(self, name: str, source: str, readers: list[Node]) -> str:
        rule = "must come directly after a Dense layer without activation that nothing else reads, or before Dense layers only"
        between = f"{source} → {name} → {', '.join(reader.name for reader in readers) or 'output'}"
        return phrase("the batch normalization", rule, between, repair="Keep it, or move it there and train again.", owner="fold")


def _is_linear(layer: Dense) -> bool:
    return layer.activation is None or layer.describe() == f"Dense({layer.units}, identity)"
