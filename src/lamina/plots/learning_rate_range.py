"""Plot of a learning-rate range test: loss against learning rate, with the suggested rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import LearningRateRange
from lamina.plots.style import COLORS, make_axes, marks, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_learning_rate_range"]


@styled
def plot_learning_rate_range(test: LearningRateRange, *, ax: Axes | None = None) -> Axes:
    """Plot each step's loss, the smoothed loss, the rate of the lowest loss and the suggested rate.

    Parameters
    ----------
    test : LearningRateRange
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> rates = np.geomspace(1e-4, 1, 5)
    >>> test = LearningRateRange(rates, np.ones(5), np.ones(5), False, 1e-2, 2e-2, 1e-1)
    >>> plot_learning_rate_range(test).get_xscale()
    'log'
    """
    ax = make_axes(ax)
    ax.plot(test.learning_rates, test.losses, color=COLORS["sky"], linewidth=1, label="loss of each step", **marks(test.losses))
    ax.plot(test.learning_rates, test.smoothed, color=COLORS["blue"], label="smoothed", **marks(test.smoothed))
    # Losses of single steps may be far higher, so the smoothed loss sets the scale.
    ax.set_ylim(0.0, 1.15 * float(test.smoothed.max()))
    if not np.isnan(test.suggestion):
        least = f"lowest loss, {test.lowest:.2g}"
        ax.axvline(test.lowest, color="#666666", linestyle=":", label=least)
        ax.axvline(test.suggestion, color=COLORS["vermillion"], linestyle="--", label=f"suggested, {test.suggestion:.2g}")
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", title="Learning-rate range test")
    ax.legend()
    return ax
