"""Rosenblatt's rule for a threshold unit: its settings, its data, and the results of its epochs."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from lamina.engine.plan import InputArray

__all__ = ["PerceptronEpochs", "PerceptronRows", "PerceptronRule", "PerceptronUnit"]


class PerceptronRule(NamedTuple):
    """How a unit learns.

    ::

        if t (w·x + b) <= 0:   w ← w + η ω t x,   b ← b + η ω bias_rate t        with t = ±1 the truth, ω the row's weight

    followed by a step of the penalty ``alpha (l1_ratio ‖w‖₁ + ½ (1 − l1_ratio) ‖w‖²)``, if any: w shrinks by the factor
    ``1 − η (1 − l1_ratio) alpha``, and the weights of the row's features move toward zero by the L1 penalty accumulated so far
    (Tsuruoka, Tsujii & Ananiadou 2009).
    """

    learning_rate: float
    bias_rate: float = 1.0
    alpha: float = 0.0
    l1_ratio: float = 0.0


class PerceptronRows(NamedTuple):
    """The data that a unit learns from.

    ``X`` (n, d), float32 or float64, dense in row order or CSR; ``target`` (n,) of −1 and +1; ``weight`` (n,) >= 0; ``rows``,
    the numbers of those to learn from, int64.
    """

    X: InputArray
    target: np.ndarray
    weight: np.ndarray
    rows: np.ndarray


class PerceptronEpochs(NamedTuple):
    """The results of epochs.

    ``losses``: the mean of ``max(0, −t (w·x + b))`` over an epoch's rows, each at its turn, penalty included. ``mistakes``: how
    many steps changed the weights. ``places``: their positions in the last epoch's order. ``is_finite``: whether the weights are.
    """

    losses: list[float]
    mistakes: list[int]
    places: np.ndarray
    is_finite: bool


class PerceptronUnit(Protocol):
    """A threshold unit that learns."""

    @property
    def weights(self) -> np.ndarray:
        """A copy of the current weights, bias last, float64 (d + 1,)."""

    def learn(
        self, *, order: np.ndarray | None = None, seed: int | None = None, first_epoch: int = 0, epochs: int = 1
    ) -> PerceptronEpochs:
        """Run epochs in the order of ``rows``, or with ``seed`` each in its own permutation, or in ``order`` (row numbers)."""
