"""Uniform values between given bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, number

__all__ = ["Uniform"]


@final
@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform distribution U(low, high).

    Parameters
    ----------
    low, high : float, default=-0.05, 0.05
        Finite, low at most high. The defaults are those of Keras' ``RandomUniform``.

    Examples
    --------
    >>> import numpy as np
    >>> values = Uniform(-1.0, 2.0)(np.random.default_rng(0), (1000,), fan_in=1, fan_out=1)
    >>> bool(values.min() >= -1.0 and values.max() < 2.0)
    True
    """

    low: float = -0.05
    high: float = 0.05

    kind: ClassVar[str] = "uniform"
    rules: ClassVar[Mapping[str, Rule]] = {"low": number(), "high": number()}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise InvalidSettingError(
                phrase("low", f"must be at most high = {self.high!r}", self.low, repair="Swap the two.", owner="Uniform")
            )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return rng.uniform(self.low, self.high, size=shape)
