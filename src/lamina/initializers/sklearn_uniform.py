"""scikit-learn's uniform initialization."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, number

__all__ = ["SklearnUniform"]


@final
@dataclass(frozen=True)
class SklearnUniform(Initializer):
    """scikit-learn's initialization of weights and biases: U(-b, b), b = sqrt(factor / (fan_in + fan_out)).

    Parameters
    ----------
    factor : float, default=6.0
        Above 0. scikit-learn uses 2 if the hidden activation is the logistic function and 6 otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> values = SklearnUniform()(np.random.default_rng(0), (1000,), fan_in=20, fan_out=4)
    >>> bool(abs(values).max() <= 0.5)
    True
    """

    factor: float = 6.0

    kind: ClassVar[str] = "sklearn_uniform"
    rules: ClassVar[Mapping[str, Rule]] = {"factor": number(0, closed="neither")}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        bound = math.sqrt(self.factor / (fan_in + fan_out))
        return rng.uniform(-bound, bound, size=shape)
