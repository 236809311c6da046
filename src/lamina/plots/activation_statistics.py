"""Plot of activation statistics: variances of outputs and gradients by layer, for one or several initializations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis import ActivationStatistics
from lamina.errors import DataError, phrase
from lamina.plots.given import by_name, is_a
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, MARKERS, axes_grid, cycle, styled, verbatim
from lamina.plots.texts import say_if_empty
from lamina.plots.ticks import round_log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_activation_statistics"]

_OWNER = "plot_activation_statistics"
_CHECKED = is_a(ActivationStatistics, "statistics", owner=_OWNER, repair="Measure it with lamina.activation_statistics.")


@styled
def plot_activation_statistics(
    statistics: ActivationStatistics | Mapping[str, ActivationStatistics], *, axes: Sequence[Axes] | None = None
) -> list[Axes]:
    """Plot the variance of outputs and of gradients over the layers; with good initial weights the lines are level.

    Of layers that act on the same units (a Dense layer, its normalization, its activation), the last is drawn. A variance of 0
    has no place on the logarithmic axis: its line has a gap there. Without targets there are no gradients, and
    the picture says so.

    Parameters
    ----------
    statistics : ActivationStatistics, or dict of str to ActivationStatistics
        From :func:`lamina.activation_statistics`. A dict's names are the legend; all must be of networks with the same layers.
    axes : two Axes, optional

    Returns
    -------
    list of Axes

    Raises
    ------
    DataError
        If networks have different layers, or something is no ActivationStatistics.

    Examples
    --------
    >>> from lamina import Dense, Sequential, activation_statistics
    >>> network = Sequential([Dense(5, activation="tanh"), Dense(1)], input_width=3)
    >>> found = activation_statistics(network, np.eye(3), np.ones(3), "squared_error")
    >>> [ax.get_ylabel() for ax in plot_activation_statistics(found)]
    ['variance of outputs', 'variance of gradients']
    """
    named = by_name(statistics, _CHECKED, what="statistics", owner=_OWNER)
    layers = _layers_of_all(named)
    grid = axes_grid(1, 2, size=(9.2, 4.0), axes=axes)
    for ax, attribute, label in zip(grid, ("variance", "gradient_variance"), ("outputs", "gradients"), strict=True):
        lines = {name: np.array([getattr(row, attribute) for row in found.judged]) for name, found in named.items()}
        _draw(ax, lines)
        ax.set_xticks(range(len(layers)), [verbatim(layer) for layer in layers], rotation=60, ha="right", fontsize=9)
        ax.set_ylabel(f"variance of {label}")
    grid[0].set_title("Forward: outputs")
    grid[1].set_title("Backward: gradients")
    if isinstance(statistics, Mapping):
        legend_below(grid[0])
    return grid


def _draw(ax: Axes, lines: Mapping[str, np.ndarray]) -> None:
    """Draw a line per network on a logarithmic axis, or the reason why there is none."""
    for i, (name, values) in enumerate(lines.items()):
        look: dict[str, Any] = {"color": cycle(i), "linestyle": LINE_STYLES[i % len(LINE_STYLES)], "label": verbatim(name)}
        ax.plot(range(len(values)), np.where(values > 0, values, np.nan), marker=MARKERS[i % len(MARKERS)], **look)
    drawn = np.concatenate(list(lines.values()))
    if (drawn > 0).any():
        ax.set_yscale("log")
        round_log_axis(ax)
    say_if_empty(ax, "not measured:\nit takes targets and a loss" if np.isnan(drawn).all() else "every variance is 0")


def _layers_of_all(statistics: Mapping[str, ActivationStatistics]) -> list[str]:
    """The names of the layers, which all networks must have."""
    first, *others = ([row.layer for row in found.judged] for found in statistics.values())
    for other in others:
        if other != first:
            repair = "Plot networks with other layers in a picture of their own."
            raise DataError(phrase("statistics", f"must be of the same layers, {first}", other, repair=repair, owner=_OWNER))
    return first
