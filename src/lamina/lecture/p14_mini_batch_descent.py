"""P14: the path of mini-batch gradient descent: ten rows per step, between the other two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lecture.two_weights import TwoWeights, draw_way, train_two_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]


def compute(*, seed: int = 0) -> TwoWeights:
    """Train for ten epochs of 10 steps each."""
    return train_two_weights(10, learning_rate=0.3, num_epochs=10, seed=seed)


def draw(result: TwoWeights) -> Figure:
    """Draw the path over the loss."""
    return draw_way(result, "Mini-batch gradient descent: 10 rows per step")
