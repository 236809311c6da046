"""Where in a program each layer's values are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from lamina.engine.program import Op, Program

__all__ = ["LayerBuffers", "layer_buffers"]


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
