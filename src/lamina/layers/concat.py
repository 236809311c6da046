"""Concat: several inputs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.drafts import OpDraft
from lamina.layers.layer import Layer

__all__ = ["Concat"]


@final
@dataclass(frozen=True)
class Concat(Layer):
    """y = [x1, x2, …]: the columns of two or more inputs side by side, in the order given (Huang et al. 2017, eq. 2).

    Parameters
    ----------
    name : str, optional
        Default "concat_1", "concat_2", …

    Raises
    ------
    ShapeError
        When called on fewer than two inputs.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import Concat
    >>> Concat()([Input(3), Input(4)]).width
    7
    """

    kind: ClassVar[str] = "concat"
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        return (OpDraft("concat", sum(widths)),)
