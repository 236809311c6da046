"""Plot of the length of each step of a descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lamina.descent import Descent
from lamina.plots.descent_paths import PATH_COLORS
from lamina.plots.style import LINE_STYLES, MARKERS, make_axes, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_step_lengths"]


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
    for i, (name, way) in enumerate(descents.items()):
        lengths = np.linalg.norm(np.diff(way.points, axis=0), axis=1)
        style, marker = LINE_STYLES[i % len(LINE_STYLES)], MARKERS[i % len(MARKERS)]
        color = PATH_COLORS[i % len(PATH_COLORS)]
        ax.plot(
            np.arange(1, len(lengths) + 1),
            lengths,
            style,
            marker=marker,
            markersize=3.5,
            linewidth=1.4,
            color=color,
            label=verbatim(name),
        )
    ax.set(xlabel="step", ylabel="length of the step", yscale="log")
    ax.set_title(title)
    ax.legend()
    return ax
