"""What a network is made of: named inputs, and named layers with the names of their inputs."""

from __future__ import annotations

from typing import NamedTuple

from lamina.layers import Layer

__all__ = ["InputNode", "Node"]


class InputNode(NamedTuple):
    """A named input.

    Attributes
    ----------
    name : str
    width : int or None
        None while unknown.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> Sequential([Dense(3)], input_width=20).inputs
    (InputNode(name='input_1', width=20),)
    """

    name: str
    width: int | None


class Node(NamedTuple):
    """A named layer in a network, with its inputs.

    Attributes
    ----------
    layer : Layer
        Its ``name`` is set.
    inputs : tuple of str
        The names of the inputs and nodes that it reads.
    width : int or None
        None while unknown.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> (node,) = Sequential([Dense(3)], input_width=20).nodes
    >>> node.name, node.inputs, node.width
    ('dense_1', ('input_1',), 3)
    """

    layer: Layer
    inputs: tuple[str, ...]
    width: int | None = None

    @property
    def name(self) -> str:
        assert self.layer.name is not None  # set where nodes are made
        return self.layer.name
