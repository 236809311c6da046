"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, ClassVar, Self, final

from lamina.errors import InvalidSettingError, phrase
from lamina.layers import Input, Layer, Symbol
from lamina.network.drawing import nodes_of
from lamina.network.network import Network

__all__ = ["Sequential"]


@final
class Sequential(Network):
    """Layers one after the other: the multilayer perceptron.

    Parameters
    ----------
    layers : iterable of Layer
        One or more. An ``Input`` may come first, in place of ``input_width``. A layer that stands in several places is one layer:
        its uses share their weights.
    input_width : int, optional
        Number of features, at least 1. Without it, ``build(input_width)`` sets it later.

    Raises
    ------
    InvalidSettingError
        When there is no layer, something is not a layer, or two names clash.
    ShapeError
        When a layer needs several inputs, or one with weights stands in two places that differ in width.

    Examples
    --------
    >>> from lamina import BatchNorm, Dense, Dropout, Sequential
    >>> net = Sequential([Dense(64, activation="relu"), BatchNorm(), Dropout(0.2), Dense(3)])
    >>> net
    <Sequential ? → 3: 4 layers, depth 2, not built>
    >>> net.build(20)
    <Sequential 20 → 3: 4 layers, depth 2, 1,667 parameters>
    >>> parameters, state = net.build(20).initialize(seed=0)
    >>> parameters.shape, state.shape
    ((1667,), (128,))
    """

    kind: ClassVar[str] = "sequential"

    def __init__(self, layers: Iterable[Layer | Input], input_width: int | None = None) -> None:
        if not isinstance(layers, Iterable):
            raise InvalidSettingError(phrase("layers", "must be a list of layers", layers, owner="Sequential"))
        source, chain = _source_and_layers(list(layers), input_width)
        last = reduce(lambda symbol, layer: layer(symbol), chain, source)
        self._assemble(*nodes_of([source], [last]))

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> Self:
        network = super().from_dict(description)
        names = [network.input_names[0], *(node.name for node in network.nodes)]
        for before, node in zip(names, network.nodes, strict=False):
            if node.inputs != (before,):
                rule = f"must read {before!r}, the layer before it"
                raise InvalidSettingError(
                    phrase("a layer of a Sequential", rule, node.inputs, repair="Read it as a Graph.", owner=node.name)
                )
        return network

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, named."""
        return tuple(node.layer for node in self.nodes)


def _source_and_layers(layers: list[Layer | Input], input_width: int | None) -> tuple[Symbol, list[Layer]]:
    """The input's symbol, and the layers after it."""
    source = Input(input_width)
    if layers and isinstance(layers[0], Input):
        if input_width is not None:
            repair = "Set the width in only one of the two."
            raise InvalidSettingError(
                phrase(
                    "input_width", "must not be given when an Input comes first", input_width, repair=repair, owner="Sequential"
                )
            )
        source = layers.pop(0)  # type: ignore[assignment]
    if not layers:
        raise InvalidSettingError(phrase("layers", "must hold at least one layer", layers, owner="Sequential"))
    for layer in layers:
        if not isinstance(layer, Layer):
            raise InvalidSettingError(phrase("layers", "must hold layers only", layer, owner="Sequential"))
    return source, layers  # type: ignore[return-value]
