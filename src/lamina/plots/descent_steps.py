"""Plots of a descent step by step: the length of each step, and the function's value after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lamina.descent import Descent
from lamina.errors import DataError, phrase
from lamina.plots.descent_paths import path_color
from lamina.plots.given import descents_by_name
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, MARKERS, make_axes, styled, verbatim
from lamina.plots.texts import say_if_empty
from lamina.plots.ticks import round_log_axis, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_step_lengths", "plot_step_values"]


@styled
def plot_step_lengths(descents: Descent | Mapping[str, Descent], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Plot the distance between successive points on a logarithmic axis, in the colors of :func:`plot_descent_paths`.

    Parameters
    ----------
    descents : Descent, or dict of str to Descent
        A dict's names are the legend. A step of length 0 has no place on the axis: its line has a gap there.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If something is no Descent.

    Examples
    --------
    >>> from lamina import minimize
    >>> way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [1.0, 2.0])
    >>> plot_step_lengths({"bowl": way}).get_yscale()
    'log'
    """
    ways = descents_by_name(descents, owner="plot_step_lengths")
    lengths = {name: np.linalg.norm(np.diff(way.points, axis=0), axis=1) for name, way in ways.items()}
    return _plot_by_step(make_axes(ax), lengths, "length of the step", title, first=1)


@styled
def plot_step_values(
    descents: Descent | Mapping[str, Descent], *, label: str = "f after the step", title: str = "", ax: Axes | None = None
) -> Axes:
    """Plot the function's value at the start (step 0) and after each step on a logarithmic axis.

    Parameters
    ----------
    descents : Descent, or dict of str to Descent
        A dict's names are the legend. Values must be >= 0; one of 0 has no place on the axis: its line has a gap there.
    label : str
        Label of the vertical axis.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If a value is below 0, or something is no Descent.

    Examples
    --------
    >>> from lamina import minimize
    >>> way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [1.0, 2.0])
    >>> [float(value) for value in plot_step_values({"bowl": way}).lines[0].get_ydata()[:1]]
    [5.0]
    """
    ways = descents_by_name(descents, owner="plot_step_values")
    for way in ways.values():
        if (below := way.values[way.values < 0]).size:
            rule, repair = "must be at least 0 on a logarithmic axis", "Subtract the least value from the function."
            raise DataError(phrase("the values", rule, float(below[0]), repair=repair, owner="plot_step_values"))
    return _plot_by_step(make_axes(ax), {name: way.values for name, way in ways.items()}, label, title, first=0)


def _plot_by_step(ax: Axes, numbers: Mapping[str, np.ndarray], label: str, title: str, *, first: int) -> Axes:
    """Draw a line of numbers per descent on a logarithmic axis, the first of them at step ``first``."""
    for i, (name, line) in enumerate(numbers.items()):
        style, marker = LINE_STYLES[i % len(LINE_STYLES)], MARKERS[i % len(MARKERS)]
        steps, seen = np.arange(first, first + len(line)), np.where(line > 0, line, np.nan)
        ax.plot(steps, seen, style, marker=marker, markersize=3.5, linewidth=1.4, color=path_color(i), label=verbatim(name))
    ax.set(xlabel="step", ylabel=label, yscale="log")
    round_log_axis(ax)
    whole_ticks(ax)
    say_if_empty(ax, "no number is above 0")
    ax.set_title(title)
    if "" not in numbers:
        legend_below(ax)
    return ax
