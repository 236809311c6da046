"""P8: three layers after 600 epochs, from initial weights that are far too small and from Xavier initialization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.initializers import Initializer, Normal
from lamina.lecture.starts import Starts, draw_starts, train_from

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]

STARTS: dict[str, str | Initializer] = {"bad, N(0, 0.01²)": Normal(0.01), "good, Xavier": "xavier"}


def compute(*, seed: int = 0) -> Starts:
    """Train the same three layers from both starts."""
    return train_from(STARTS, seed=seed)


def draw(result: Starts) -> Figure:
    """Draw the losses over 600 epochs and the decision maps of both networks."""
    return draw_starts(result, "Three layers, 600 epochs")
