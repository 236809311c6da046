"""What a network is made of: named inputs, and uses of named layers with the names of their inputs."""

from __future__ import annotations

from typing import NamedTuple

from lamina.layers import Layer, TrainableLayer

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
    """A use of a named layer in a network, with its inputs. Nodes with the same layer share its weights.

    Attributes
    ----------
    layer : Layer
        Its ``name`` is set.
    inputs : tuple of str
        The names of the inputs and nodes that it reads.
    width : int or None
        None while unknown.
    use : int
        1, or the number of the use if the layer is used several times.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> (node,) = Sequential([Dense(3)], input_width=20).nodes
    >>> node.name, node.inputs, node.width
    ('dense_1', ('input_1',), 3)
    >>> shared = Dense(20, name="shared")
    >>> [node.name for node in Sequential([shared, shared], input_width=20).nodes]
    ['shared', 'shared.2']
    """

    layer: Layer
    inputs: tuple[str, ...]
    width: int | None = None
    use: int = 1

    @property
    def name(self) -> str:
        """The layer's name; for a further use, its number behind a ".", which no layer's name contains."""
        return self.layer_name if self.use == 1 else f"{self.layer_name}.{self.use}"

    @property
    def layer_name(self) -> str:
        """The layer's name, under which its weights stand."""
        assert self.layer.name is not None  # set where nodes are made
        return self.layer.name

    @property
    def is_trainable(self) -> bool:
        """Whether training changes the layer's parameters, if it has any."""
        return not isinstance(self.layer, TrainableLayer) or bool(self.layer.trainable)

    def learning_rate_factor(self, parameter: str) -> float:
        """What multiplies the learning rate of a parameter of the layer."""
        return self.layer.factor_of(parameter) if isinstance(self.layer, TrainableLayer) else 1.0

    def describe(self) -> str:
        """A short text of what the layer is; of a further use, which layer it is."""
        what = self.layer.describe() if self.use == 1 else f"{self.layer_name} again"
        return what if self.is_trainable else f"{what}, frozen"
