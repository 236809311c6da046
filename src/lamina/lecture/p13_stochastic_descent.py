"""P13: the path of stochastic gradient descent: every step uses one row and leads downhill only on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lecture.two_weights import TwoWeights, draw_way, train_two_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]


def compute(*, seed: int = 0) -> TwoWeights:
    """Train for three epochs of 100 steps each."""
    return train_two_weights(1, learning_rate=0.1, num_epochs=3, seed=seed)


def draw(result: TwoWeights) -> Figure:
    """Draw the path over the loss."""
    return draw_way(result, "Stochastic gradient descent: one row per step")
