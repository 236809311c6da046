"""What is exported: a computation from inputs to outputs, in whatever format it is then written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lamina.export.arrays import Array, steps_to

__all__ = ["NETWORK", "Computation", "Port", "belongs"]


NETWORK = "network"


class Port(NamedTuple):
    """An array that is given or returned: its name, and in words what it holds.

    ``takes`` says what Python's rows of a table may hold for it, whose values become such an array; "" where it is given itself.
    """

    name: str
    array: Array
    holds: str
    takes: str = ""


@dataclass(frozen=True)
class Computation:
    """A model as arithmetic.

    Attributes
    ----------
    model : str
        What it is of, in words.
    inputs : tuple of Port
    outputs : tuple of Port
        Labels or predictions first.
    layers : dict of Array to str
        The layer, or the part of a model, to which a step belongs.
    about : dict of str to object
        What readers may want to know beside it, such as classes: JSON-serializable.
    """

    model: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: Mapping[Array, str] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_network(self) -> bool:
        """Whether it is of a network, whose outputs are all alike; those of other models begin with the one that counts."""
        return self.model == NETWORK

    @property
    def steps(self) -> list[Array]:
        """All arrays, each after those that it is made of; without inputs that nothing reads."""
        return steps_to(output.array for output in self.outputs)

    @property
    def size_bytes(self) -> int:
        """The size of all constants that are numbers."""
        return sum(step.value.nbytes for step in self.steps if step.value is not None)


def belongs(layers: dict[Array, str], arrays: list[Array], layer: str) -> None:
    """Note that the steps to some arrays, as far as they belong to no layer yet, belong to this one."""
    for step in steps_to(arrays):
        if step.kind not in ("input", "constant"):
            layers.setdefault(step, layer)
