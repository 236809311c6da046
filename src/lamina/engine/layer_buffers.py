"""The buffers of a program that hold each layer's values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from lamina.engine.program import Op, Program

__all__ = ["LayerBuffers", "UnitLayer", "layer_buffers", "unit_layers", "unit_widths"]

_NORMALIZATIONS = ("batch_norm", "layer_norm")


@dataclass(frozen=True, slots=True)
class LayerBuffers:
    """A layer's ops in order: the last writes its output."""

    name: str
    ops: tuple[Op, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The layer's input buffers."""
        written = {op.output for op in self.ops}
        return tuple(dict.fromkeys(b for op in self.ops for b in op.inputs if b not in written))

    @property
    def sums(self) -> int:
        """The buffer of the weighted sums before the layer's activation; the output if there is no activation."""
        before = [op for op in self.ops if op.kind != "activation"]
        return before[-1].output if before else self.output

    @property
    def output(self) -> int:
        """The layer's output buffer."""
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
    """A layer and the layers after it that act on its units alone: a Dense layer, its normalization, activation and dropout."""

    layers: tuple[LayerBuffers, ...]

    @property
    def name(self) -> str:
        """Name of the layer that creates the units."""
        return self.layers[0].name

    @property
    def inputs(self) -> tuple[int, ...]:
        """Input buffers of the first layer."""
        return self.layers[0].inputs

    @property
    def output(self) -> int:
        """Output buffer of the last layer."""
        return self.layers[-1].output

    @property
    def activation(self) -> Op | None:
        """The op of the first activation function, if there is one."""
        return next((op for layer in self.layers for op in layer.ops if op.kind == "activation"), None)

    @property
    def sums(self) -> int:
        """The buffer of the weighted sums, after the last normalization if there is one."""
        for layer in reversed(self.layers):
            if any(op.kind in _NORMALIZATIONS for op in layer.ops):
                return layer.output
        ops = [op for layer in self.layers for op in layer.ops]
        return next((op.inputs[0] for op in ops if op.kind == "activation"), self.layers[0].sums)


def unit_layers(program: Program) -> list[UnitLayer]:
    """The layers in forward order, grouped by the units they act on.

    A layer belongs to the group of the previous one if it acts on each unit separately, reads nothing else, and no other layer
    reads its input.

    >>> from lamina import Activation, BatchNorm, Dense, Sequential
    >>> network = Sequential([Dense(3), BatchNorm(), Activation("relu"), Dense(2)], input_width=4)
    >>> [[layer.name for layer in unit.layers] for unit in unit_layers(network.program())]
    [['dense_1', 'batch_norm_1', 'activation_1'], ['dense_2']]
    """
    layers = layer_buffers(program)
    read = [*program.outputs, *(buffer for layer in layers for buffer in layer.inputs)]
    chains: dict[int, list[LayerBuffers]] = {}  # by output buffer of the chain
    for layer in layers:
        (before, *others) = layer.inputs
        follows = all(op.acts_on_units for op in layer.ops) and not others and read.count(before) == 1
        chain = chains.pop(before) if follows and before in chains else []
        chains[layer.output] = [*chain, layer]
    return [UnitLayer(tuple(chain)) for chain in chains.values()]


def unit_widths(program: Program) -> list[int]:
    """The number of units of each layer of :func:`unit_layers`."""
    return [program.widths[unit.sums] for unit in unit_layers(program)]
