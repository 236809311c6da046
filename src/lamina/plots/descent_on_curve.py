"""Plot of gradient descent on a function of one variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.descent import Descent
from lamina.errors import ShapeError, counted, phrase
from lamina.plots.given import descents_by_name
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, MARKERS, cycle, ink, make_axes, paper, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_descent_on_curve"]

_OWNER = "plot_descent_on_curve"


@styled
def plot_descent_on_curve(
    x: np.ndarray,
    y: np.ndarray,
    descents: Descent | Mapping[str, Descent],
    *,
    formula: str = "f(x)",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot a curve, and on it every point of each descent, connected in order.

    Parameters
    ----------
    x, y : array-like of shape (k,)
        The curve.
    descents : Descent, or dict of str to Descent
        Descents on a function of one variable; a dict's names are the legend.
    formula : str
        Label of the vertical axis.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If something is no Descent.
    ShapeError
        If ``x`` and ``y`` differ in shape, or a descent is not one of a single variable.

    Examples
    --------
    >>> from lamina import minimize
    >>> way = minimize(lambda x: float(x[0] ** 2), lambda x: 2 * x, 1.0)
    >>> x = np.linspace(-1, 1, 5)
    >>> plot_descent_on_curve(x, x**2, {"from the right": way}).get_xlabel()
    'x'
    """
    ways = descents_by_name(descents, owner=_OWNER)
    _check(x, y, ways)
    ax = make_axes(ax)
    ax.plot(x, y, color=ink(), linewidth=1.2, zorder=1)
    for i, (name, way) in enumerate(ways.items()):
        color, place = cycle(i), way.points[:, 0]
        look: Any = {"color": color, "linestyle": LINE_STYLES[i % len(LINE_STYLES)], "marker": MARKERS[i % len(MARKERS)]}
        ax.plot(place, way.values, linewidth=1.0, alpha=0.9, label=_label(name, way.num_steps), **look)
        ax.plot(place[-1], way.values[-1], marker="*", markersize=15, color=color, markeredgecolor=paper(), linestyle="none")
    ax.set(xlabel="x", ylabel=formula)
    ax.set_title(title)
    legend_below(ax)
    return ax


def _check(x: Any, y: Any, ways: Mapping[str, Descent]) -> None:
    if np.ndim(x) != 1 or np.shape(x) != np.shape(y):
        raise ShapeError(phrase("x and y", "must be numbers in equal count", [np.shape(x), np.shape(y)], owner=_OWNER))
    for way in ways.values():
        if (num := way.points.shape[1]) != 1:
            repair = "plot_descent_paths draws two variables."
            raise ShapeError(phrase("a descent", "must be one of a single variable", num, repair=repair, owner=_OWNER))


def _label(name: str, num_steps: int) -> str:
    steps = counted(num_steps, "step")
    return f"{verbatim(name)}: {steps}" if name else steps
