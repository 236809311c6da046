"""What a network is made of: named inputs, and named layers that know who sends to them."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.layers import Layer

__all__ = ["InputNode", "Node"]


@dataclass(frozen=True, slots=True)
class InputNode:
    """A named input; ``width`` is None while unknown."""

    name: str
    width: int | None


@dataclass(frozen=True, slots=True)
class Node:
    """A layer (whose ``name`` is set), the names of the inputs and nodes that it reads, and its width (None while unknown)."""

    layer: Layer
    inputs: tuple[str, ...]
    width: int | None = None

    @property
    def name(self) -> str:
        assert self.layer.name is not None  # set where nodes are made
        return self.layer.name
