"""Plots of a descent step by step: the length of each step, and the function's value after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    ax = make_axes(ax)
    _plot_by_step(ax, descents, lambda way: np.linalg.norm(np.diff(way.points, axis=0), axis=1), first=1)
    ax.set(xlabel="step", ylabel="length of the step", yscale="log")
    round_log_axis(ax)
    ax.set_title(title)
    legend_below(ax)
    return ax


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
    ax = make_axes(ax)
    _plot_by_step(ax, descents, lambda way: way.values, first=0)
    ax.set(xlabel="step", ylabel=label, yscale="log")
    round_log_axis(ax)
    ax.set_title(title)
    legend_below(ax)
    return ax


def _plot_by_step(ax: Axes, descents: Mapping[str, Descent], measure: Callable[[Descent], np.ndarray], *, first: int) -> None:
    """Draw a line of numbers per descent, the first of them at step ``first``."""
    for i, (name, way) in enumerate(descents.items()):
        numbers = measure(way)
        style, marker = LINE_STYLES[i % len(LINE_STYLES)], MARKERS[i % len(MARKERS)]
        steps = np.arange(first, first + len(numbers))
        ax.plot(steps, numbers, style, marker=marker, markersize=3.5, linewidth=1.4, color=path_color(i), label=verbatim(name))
