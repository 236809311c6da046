"""Plot of a learning-rate range test: loss against learning rate, its trials, and the suggested rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import LearningRateRange
from lamina.plots.given import is_a
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, make_axes, marks, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_learning_rate_range"]


@styled
def plot_learning_rate_range(test: LearningRateRange, *, ax: Axes | None = None) -> Axes:
    """Plot each step's loss, the smoothed loss, the trials and the suggested rate.

    Parameters
    ----------
    test : LearningRateRange
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If ``test`` is something else.

    Examples
    --------
    >>> from lamina import Dense, Sequential, Trainer, learning_rate_range
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error")
    >>> plot_learning_rate_range(learning_rate_range(trainer, X, X[:, 0], trial_steps=20)).get_xscale()
    'log'
    """
    is_a(LearningRateRange, "test", owner="plot_learning_rate_range", repair="Measure it with lamina.learning_rate_range.")(test)
    ax = make_axes(ax)
    trials = test.trials
    ax.plot(test.learning_rates, test.losses, color=COLORS["sky"], linewidth=1, label="loss of each step", **marks(test.losses))
    ax.plot(test.learning_rates, test.smoothed, color=COLORS["blue"], label="smoothed", **marks(test.smoothed))
    # A trial that broke off has no height, and one that diverged may lie far above the picture.
    seen = np.isfinite(trials.losses)
    label = f"end of {trials.num_steps} steps at one rate"
    ax.plot(trials.rates[seen], trials.losses[seen], "s", color=COLORS["green"], label=label)
    # Losses of single steps may be far higher, so the smoothed loss sets the scale.
    lowest = min(0.0, float(test.smoothed.min()), float(trials.losses.min()))
    top = float(max(test.smoothed.max(), trials.start_loss))
    if top > lowest:
        ax.set_ylim(lowest, top + 0.15 * (top - lowest))
    if test.suggestion is not None:
        ax.axvline(test.suggestion, color=COLORS["vermillion"], linestyle="--", label=f"suggested, {test.suggestion:.2g}")
    title = "Learning-rate range test" if test.suggestion is not None else "Learning-rate range test: no rate found"
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", title=title)
    legend_below(ax)
    return ax
