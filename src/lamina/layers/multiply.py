"""Multiply: the product of several inputs, for example of values and their gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.elementwise import Elementwise

__all__ = ["Multiply"]


@final
@dataclass(frozen=True)
class Multiply(Elementwise):
    """y = x1 * x2 * …, element by element, for two or more inputs of the same width: a gate (Srivastava et al. 2015, eq. 2).

    Parameters
    ----------
    name : str, optional
        Default "multiply_1", "multiply_2", …

    Raises
    ------
    ShapeError
        When called on fewer than two inputs, or on inputs of different widths.

    Examples
    --------
    >>> from lamina import Dense, Input
    >>> from lamina.layers import Multiply
    >>> x = Input(8)
    >>> Multiply()([x, Dense(8, activation="sigmoid")(x)]).width
    8
    """

    kind: ClassVar[str] = "multiply"
