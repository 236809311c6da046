"""P12: the path of batch gradient descent: every step uses all rows and leads straight downhill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lecture.two_weights import NUM_ROWS, TwoWeights, draw_way, train_two_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]


def compute(*, seed: int = 0) -> TwoWeights:
    """Train for sixty epochs of one step each."""
    return train_two_weights(NUM_ROWS, learning_rate=0.4, num_epochs=60, seed=seed)


def draw(result: TwoWeights) -> Figure:
    """Draw the path over the loss."""
    return draw_way(result, "Batch gradient descent: all 100 rows per step")
