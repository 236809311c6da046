"""P2: gradient descent on a curve with two valleys; the start decides in which one it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.descent import Descent, minimize
from lamina.optimizers import GradientDescent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TwoValleys", "compute", "curve", "draw", "slope"]

LEARNING_RATE = 0.03
STARTS = {"start at x = -0.2": -0.2, "start at x = 1.7": 1.7}


@dataclass(frozen=True, eq=False)
class TwoValleys:
    """A descent from each start.

    Attributes
    ----------
    descents : dict of str to Descent
        By name of the start.
    """

    descents: Mapping[str, Descent]

    def __str__(self) -> str:
        return "\n".join(f"{start:17} → {way}" for start, way in self.descents.items())


def curve(x: np.ndarray) -> np.ndarray:
    """``f(x) = (x² − 1)² + 0.4 x``."""
    return np.asarray((x**2 - 1) ** 2 + 0.4 * x)


def slope(x: np.ndarray) -> np.ndarray:
    """``f'(x) = 4 x (x² − 1) + 0.4``."""
    return np.asarray(4 * x * (x**2 - 1) + 0.4)


def compute(*, seed: int = 0) -> TwoValleys:
    """Descend from both starts until the slope is below 0.001; nothing here is random."""
    descents = {
        name: minimize(lambda x: float(curve(x)[0]), slope, start, optimizer=GradientDescent(LEARNING_RATE), tol=1e-3)
        for name, start in STARTS.items()
    }
    return TwoValleys(descents)


def draw(result: TwoValleys) -> Figure:
    """Draw the curve and both descents."""
    from lamina.plots import plot_descent_on_curve
    from lamina.plots.style import figure_of

    x = np.linspace(-1.6, 1.72, 400)
    title = f"Gradient descent, learning rate {LEARNING_RATE}: each ends in its own valley"
    ax = plot_descent_on_curve(x, curve(x), result.descents, formula="f(x) = (x² − 1)² + 0.4 x", title=title)
    return figure_of(ax)
