"""Add: the sum of several inputs, for example at the end of a skip connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.elementwise import Elementwise

__all__ = ["Add"]


@final
@dataclass(frozen=True)
class Add(Elementwise):
    """y = x1 + x2 + …, for two or more inputs of the same width: joins a skip connection (He et al. 2016, eq. 1).

    Parameters
    ----------
    name : str, optional
        Default "add_1", "add_2", …

    Raises
    ------
    ShapeError
        When called on fewer than two inputs, or on inputs of different widths.

    Examples
    --------
    >>> from lamina import Dense, Input
    >>> from lamina.layers import Add
    >>> x = Input(8)
    >>> Add()([x, Dense(8, activation="sigmoid")(x)]).width
    8
    """

    kind: ClassVar[str] = "add"
