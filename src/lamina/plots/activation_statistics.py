"""Plot of activation statistics: variances of outputs and gradients by layer, for one or several initializations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis import ActivationStatistics
from lamina.plots.style import CYCLE, LINE_STYLES, MARKERS, axes_grid, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_activation_statistics"]


@styled
def plot_activation_statistics(
    statistics: Mapping[str, ActivationStatistics], *, axes: Sequence[Axes] | None = None
) -> list[Axes]:
    """Plot the variance of outputs and of gradients over the layers; with good initial weights the lines are level.

    Of layers that act on the same units (a Dense layer, its normalization, its activation), the last is drawn.

    Parameters
    ----------
    statistics : dict of str to ActivationStatistics
        By legend label; all from networks with the same layers.
    axes : two Axes, optional

    Returns
    -------
    list of Axes

    Examples
    --------
    >>> from lamina import Dense, Sequential, activation_statistics
    >>> network = Sequential([Dense(5, activation="tanh"), Dense(1)], input_width=3)
    >>> found = activation_statistics(network, np.eye(3), np.ones(3), "squared_error")
    >>> [ax.get_ylabel() for ax in plot_activation_statistics({"auto": found})]
    ['variance of outputs', 'variance of gradients']
    """
    grid = axes_grid(1, 2, size=(9.2, 4.0), axes=axes)
    for ax, attribute, label in zip(grid, ("variance", "gradient_variance"), ("outputs", "gradients"), strict=True):
        for i, (name, found) in enumerate(statistics.items()):
            style: dict[str, Any] = {
                "color": CYCLE[i % len(CYCLE)],
                "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
                "label": verbatim(name),
            }
            values = np.array([getattr(row, attribute) for row in found.judged])
            ax.plot(range(len(values)), np.where(values > 0, values, np.nan), marker=MARKERS[i % len(MARKERS)], **style)
        names = [verbatim(row.layer) for row in next(iter(statistics.values())).judged]
        ax.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=9)
        ax.set(ylabel=f"variance of {label}", yscale="log")
    grid[0].set_title("Forward: outputs")
    grid[1].set_title("Backward: gradients")
    grid[0].legend()
    return grid
