"""P11: digits, four epochs from Xavier initialization: no layer saturates, and the network learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lecture.layer_densities import LayerDensities, densities_from, draw_densities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]


def compute(*, seed: int = 0) -> LayerDensities:
    """Train five layers of 100 tanh units for four epochs and record every layer's outputs."""
    return densities_from("xavier", seed=seed)


def draw(result: LayerDensities) -> Figure:
    """Draw the density of every layer's output, before training and after each epoch."""
    return draw_densities(result, "Xavier")
