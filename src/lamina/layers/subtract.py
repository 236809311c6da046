"""Subtract: the difference of two inputs, for example of two encodings that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.elementwise import Elementwise

__all__ = ["Subtract"]


@final
@dataclass(frozen=True)
class Subtract(Elementwise):
    """y = a - b, element by element, for two inputs of the same width, in this order: ``Subtract()([a, b])``, as in Keras.

    Parameters
    ----------
    name : str, optional
        Default "subtract_1", "subtract_2", …

    Raises
    ------
    ShapeError
        When called on other than two inputs, or on inputs of different widths.

    Examples
    --------
    >>> from lamina import Dense, Input
    >>> from lamina.layers import Subtract
    >>> left, right = Input(8), Input(8)
    >>> encoder = Dense(4)
    >>> Subtract()([encoder(left), encoder(right)]).width
    4
    """

    kind: ClassVar[str] = "subtract"
    max_inputs: ClassVar[int | None] = 2
