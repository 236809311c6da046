"""Average: the mean of several inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.elementwise import Elementwise

__all__ = ["Average"]


@final
@dataclass(frozen=True)
class Average(Elementwise):
    """y = (x1 + x2 + …) / k, element by element, for two or more inputs of the same width, as in Keras.

    Parameters
    ----------
    name : str, optional
        Default "average_1", "average_2", …

    Raises
    ------
    ShapeError
        When called on fewer than two inputs, or on inputs of different widths.

    Examples
    --------
    >>> from lamina import Dense, Input
    >>> from lamina.layers import Average
    >>> x = Input(8)
    >>> Average()([Dense(3)(x), Dense(3, activation="tanh")(x)]).width
    3
    """

    kind: ClassVar[str] = "average"
