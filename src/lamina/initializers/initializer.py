"""Base class of initializers: rules that draw the initial values of one parameter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from lamina.settings import Settings

__all__ = ["Initializer"]


class Initializer(Settings, ABC):
    """Draws initial values of one parameter: call it with a random generator, the shape, and the layer's fan-in and fan-out.

    ``fan_in`` is the number of inputs of a unit of the layer, ``fan_out`` the number of its units; a bias is drawn
    with those of its layer. Values are drawn in float64 and then rounded to ``dtype``, so both dtypes start alike.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.initializers import get_initializer
    >>> get_initializer("he")(np.random.default_rng(0), (20, 64), fan_in=20, fan_out=64, dtype="float32").shape
    (20, 64)
    """

    draws_only: ClassVar[str | None] = None  # "weight" or "bias": the one parameter that it makes sense for

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        """Float64 values of ``shape``."""

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int, dtype: DTypeLike = np.float64
    ) -> np.ndarray:
        """Values of ``shape`` and ``dtype``."""
        return self.draw(rng, tuple(shape), fan_in, fan_out).astype(dtype, copy=False)

    def for_activation(self, function: str) -> Initializer:
        """The initializer to use before the activation ``function``; itself unless it is :class:`Auto`."""
        return self
