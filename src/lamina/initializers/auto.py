"""Initializer chosen by the activation that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.activations import ACTIVATIONS
from lamina.initializers.initializer import Initializer
from lamina.initializers.scaled import Scaled

__all__ = ["Auto"]


@final
@dataclass(frozen=True)
class Auto(Initializer):
    """The initializer that suits the activation after the layer.

    He (normal) before ReLU and its variants, LeCun normal before SELU (Klambauer et al. 2017), otherwise Glorot uniform.

    Examples
    --------
    >>> Auto().for_activation("relu")
    Scaled(scheme='he', gain=1.0)
    >>> Auto().for_activation("tanh")
    Scaled(scheme='glorot_uniform', gain=1.0)
    """

    kind: ClassVar[str] = "auto"

    def for_activation(self, function: str) -> Initializer:
        # PReLU has learned parameters, so it is a layer and not in the table of activations.
        return Scaled("he" if function == "prelu" else ACTIVATIONS[function].initializer)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return self.for_activation("identity").draw(rng, shape, fan_in, fan_out)
