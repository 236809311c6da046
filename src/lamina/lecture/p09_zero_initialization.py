"""P9: a network whose weights all start at zero learns nothing in 600 epochs; with random weights it learns at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.analysis import SymmetryRecord
from lamina.initializers import Initializer
from lamina.lecture.starts import Starts, draw_starts, train_from

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]

STARTS: dict[str, str | Initializer] = {"all weights zero": "zeros", "Xavier": "xavier"}


def compute(*, seed: int = 0) -> Starts:
    """Train three layers of tanh units on two half-moons, from zero weights and from Xavier initialization."""
    return train_from(STARTS, seed=seed, callbacks=[SymmetryRecord()])


def draw(result: Starts) -> Figure:
    """Draw the losses over 600 epochs and the decision maps of both networks."""
    return draw_starts(result, "No improvement from zero")
