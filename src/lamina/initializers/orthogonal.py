"""Orthonormal rows or columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.errors import ShapeError, phrase
from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, number

__all__ = ["Orthogonal"]


@final
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns (whichever are fewer), times ``gain``; preserves lengths (Saxe, McClelland & Ganguli 2014).

    Parameters
    ----------
    gain : float, default=1.0
        Above 0; sqrt(2) goes with ReLU.

    Raises
    ------
    ShapeError
        If the parameter is not a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> weights = Orthogonal()(np.random.default_rng(0), (5, 3), fan_in=5, fan_out=3)
    >>> bool(np.allclose(weights.T @ weights, np.eye(3)))
    True
    """

    gain: float = 1.0

    kind: ClassVar[str] = "orthogonal"
    rules: ClassVar[Mapping[str, Rule]] = {"gain": number(0, closed="neither")}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(phrase("shape", "must have two axes", shape, repair="Use it for weights only.", owner="Orthogonal"))
        tall = rng.normal(size=(max(shape), min(shape)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the factorization unique, and q uniform (Mezzadri 2007, section 5)
        return np.ascontiguousarray(self.gain * (q if shape[0] >= shape[1] else q.T))
