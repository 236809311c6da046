"""Plots of a descent step by step: the length of each step, and the function's value after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lamina.descent import Descent
from lamina.plots.descent_paths import path_color
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, MARKERS, make_axes, styled, verbatim
from lamina.plots.ticks import round_log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_step_lengths", "plot_step_values"]


@styled
def plot_step_lengths(descents: Mapping[str, Descent], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Plot the distance between successive points on a logarithmic axis, in the colors of :func:`plot_descent_paths`.

    Parameters
    ----------
    descents : dict of str to Descent
        By legend label.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from lamina import minimize
    >>> way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [1.0, 2.0])
    >>> plot_step_lengths({"bowl": way}).get_yscale()
    'log'
    """
    lengths = {name: np.linalg.norm(np.diff(way.points, axis=0), axis=1) for name, way in descents.items()}
    return _plot_by_step(make_axes(ax), lengths, "length of the step", title, first=1)


@styled
def plot_step_values(
    descents: Mapping[str, Descent], *, label: str = "f after the step", title: str = "", ax: Axes | None = None
) -> Axes:
    """Plot the function's value at the start (step 0) and after each step on a logarithmic axis.

    Parameters
    ----------
    descents : dict of str to Descent
        By legend label; values must be > 0.
    label : str
        Label of the vertical axis.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from lamina import minimize
    >>> way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [1.0, 2.0])
    >>> [float(value) for value in plot_step_values({"bowl": way}).lines[0].get_ydata()[:1]]
    [5.0]
    """
    return _plot_by_step(make_axes(ax), {name: way.values for name, way in descents.items()}, label, title, first=0)


def _plot_by_step(ax: Axes, numbers: Mapping[str, np.ndarray], label: str, title: str, *, first: int) -> Axes:
    """Draw a line of numbers per descent on a logarithmic axis, the first of them at step ``first``."""
    for i, (name, line) in enumerate(numbers.items()):
        style, marker = LINE_STYLES[i % len(LINE_STYLES)], MARKERS[i % len(MARKERS)]
        steps = np.arange(first, first + len(line))
        ax.plot(steps, line, style, marker=marker, markersize=3.5, linewidth=1.4, color=path_color(i), label=verbatim(name))
    ax.set(xlabel="step", ylabel=label, yscale="log")
    round_log_axis(ax)
    ax.set_title(title)
    legend_below(ax)
    return ax
