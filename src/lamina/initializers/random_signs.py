"""Random signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.initializer import Initializer

__all__ = ["RandomSigns"]


@final
@dataclass(frozen=True)
class RandomSigns(Initializer):
    """+1 or -1, each with probability 1/2: factors by which the members of an ensemble differ at first (Wen, Tran & Ba 2020).

    Signs keep the size of what they multiply.

    Examples
    --------
    >>> import numpy as np
    >>> RandomSigns()(np.random.default_rng(0), (4,), fan_in=4, fan_out=4)
    array([ 1.,  1.,  1., -1.])
    """

    kind: ClassVar[str] = "random_signs"

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        # uniform() is what a RandomState has too
        return np.where(rng.uniform(size=shape) < 0.5, -1.0, 1.0)
