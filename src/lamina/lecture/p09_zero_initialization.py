"""P9: a net whose weights all begin at zero learns nothing in 600 epochs; the same net with random weights learns at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.initializers import Initializer
from lamina.lecture.starts import Starts, draw_starts, train_from

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]

STARTS: dict[str, str | Initializer] = {"all weights zero": "zeros", "Xavier": "xavier"}


def compute(*, seed: int = 0) -> Starts:
    """Train three layers of tanh units on two half-moons from zero weights, and from Xavier's."""
    return train_from(STARTS, seed=seed)


def draw(result: Starts) -> Figure:
    """The losses over 600 epochs, and what either net has learnt."""
    return draw_starts(result, "Zero weights never part")
