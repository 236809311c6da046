"""Where in a program each layer's values are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from lamina.engine.program import Op, Program

__all__ = ["LayerBuffers", "UnitLayer", "layer_buffers", "unit_layers"]

_NORMALIZATIONS = ("batch_norm", "layer_norm")


@dataclass(frozen=True, slots=True)
class LayerBuffers:
    """A layer's ops, in their order: the first reads what enters the layer, the last writes what leaves it."""

    name: str
    ops: tuple[Op, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """Buffers that enter the layer."""
        return self.ops[0].inputs

    @property
    def sums(self) -> int:
        """The buffer of the weighted sums in front of the layer's activation; the output where there is no activation."""
        return self.ops[0].output

    @property
    def output(self) -> int:
        """The buffer that leaves the layer."""
        return self.ops[-1].output

    @property
    def activation(self) -> Op | None:
        """The op of the layer's activation function, if it has one."""
        return next((op for op in self.ops if op.kind == "activation"), None)


def layer_buffers(program: Program) -> list[LayerBuffers]:
    """The layers in forward order.

    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(3, activation="tanh"), Dense(2)], input_width=4)
    >>> [(layer.name, layer.inputs, layer.output) for layer in layer_buffers(network.program())]
    [('dense_1', (0,), 2), ('dense_2', (2,), 3)]
    """
    return [LayerBuffers(name, tuple(ops)) for name, ops in groupby(program.ops, key=lambda op: op.layer)]


@dataclass(frozen=True, slots=True)
class UnitLayer:
    """A layer, and those behind it that act on its units alone: a Dense layer, its normalization, its activation, its dropout."""

    layers: tuple[LayerBuffers, ...]

    @property
    def name(self) -> str:
        """That of the layer whose units they are."""
        return self.layers[0].name

    @property
    def inputs(self) -> tuple[int, ...]:
        """Buffers that enter the first of them."""
        return self.layers[0].inputs

    @property
    def output(self) -> int:
        """The buffer that leaves the last of them."""
        return self.layers[-1].output

    @property
    def sums(self) -> int:
        """The buffer of the weighted sums as the units get them: behind the last normalization, if there is one."""
        ops = [op for layer in self.layers for op in layer.ops]
        for op in reversed(ops):
            if op.kind in _NORMALIZATIONS:
                return op.output
        return next((op.inputs[0] for op in ops if op.kind == "activation"), ops[0].output)


def unit_layers(program: Program) -> list[UnitLayer]:
    """The layers in forward order, those that act on the same units together.

    A layer belongs to the one before it when it acts on every unit by itself, reads nothing else, and nothing else reads what it
    reads.

    >>> from lamina import Activation, BatchNorm, Dense, Sequential
    >>> network = Sequential([Dense(3), BatchNorm(), Activation("relu"), Dense(2)], input_width=4)
    >>> [[layer.name for layer in unit.layers] for unit in unit_layers(network.program())]
    [['dense_1', 'batch_norm_1', 'activation_1'], ['dense_2']]
    """
    layers = layer_buffers(program)
    read = [*program.outputs, *(buffer for layer in layers for buffer in layer.inputs)]
    chains: dict[int, list[LayerBuffers]] = {}  # by the buffer that leaves the chain
    for layer in layers:
        (before, *others) = layer.inputs
        follows = all(op.acts_on_units for op in layer.ops) and not others and read.count(before) == 1
        chain = chains.pop(before) if follows and before in chains else []
        chains[layer.output] = [*chain, layer]
    return [UnitLayer(tuple(chain)) for chain in chains.values()]
