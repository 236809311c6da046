"""What Add, Subtract, Average and Multiply share: inputs of the same width."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lamina.errors import ShapeError, phrase
from lamina.layers.drafts import Incoming, OpDraft
from lamina.layers.layer import Layer

__all__ = ["Elementwise"]


@dataclass(frozen=True)
class Elementwise(Layer, ABC):
    """Base of the layers that combine inputs of equal width element by element."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def check_widths(self, incoming: Sequence[Incoming], owner: str) -> None:
        first = incoming[0]
        for other in incoming[1:]:
            if other.width != first.width:
                rule = f"must have the same width: {first.sender} has (n, {first.width}), {other.sender} (n, {other.width})"
                repair = "Make them equal with a Dense layer, or join them with Concat."
                raise ShapeError(phrase("the inputs", rule, [source.width for source in incoming], repair=repair, owner=owner))

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        return (OpDraft(self.kind, widths[0]),)
