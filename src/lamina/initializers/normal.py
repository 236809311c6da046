"""Normal distribution with a given standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, number

__all__ = ["Normal"]


@final
@dataclass(frozen=True)
class Normal(Initializer):
    """Normal distribution N(0, std^2).

    If ``std`` is too small, activations and gradients vanish in deep networks; if it is too large, they explode or saturate.

    Parameters
    ----------
    std : float, default=0.01
        Standard deviation, at least 0; the default is the lecture's usual value.

    Examples
    --------
    >>> import numpy as np
    >>> weights = Normal(0.01)(np.random.default_rng(0), (100, 100), fan_in=100, fan_out=100)
    >>> round(float(weights.std()), 3)
    0.01
    """

    std: float = 0.01

    kind: ClassVar[str] = "normal"
    rules: ClassVar[Mapping[str, Rule]] = {"std": number(0)}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return rng.normal(0.0, self.std, size=shape)
