"""Constant values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, number

__all__ = ["Constant"]


@final
@dataclass(frozen=True)
class Constant(Initializer):
    """All values equal to ``value``.

    With equal weights all units of a layer compute the same values, get the same gradients and stay equal: the symmetry is
    not broken (lecture, zero and constant initialization). Suitable for biases.

    Parameters
    ----------
    value : float, default=0.0
        Any finite number.

    Examples
    --------
    >>> import numpy as np
    >>> Constant(0.5)(np.random.default_rng(0), (2,), fan_in=3, fan_out=2)
    array([0.5, 0.5])
    """

    value: float = 0.0

    kind: ClassVar[str] = "constant"
    rules: ClassVar[Mapping[str, Rule]] = {"value": number()}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return np.full(shape, float(self.value))
