"""Decision map: a network's probability of class 1 over the plane of its two inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.plots.style import COLORS, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_decision_map"]


@styled
def plot_decision_map(
    x1: np.ndarray,
    x2: np.ndarray,
    probability: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    *,
    title: str = "",
    color_bar: bool = True,
    size: float = 16,
    ax: Axes | None = None,
) -> Axes:
    """Color the plane by probability, with the 1/2 contour and the examples marked by class.

    Parameters
    ----------
    x1, x2 : ndarray of shape (k,), (m,)
        The grid's coordinates.
    probability : ndarray of shape (m, k)
        Probability of class 1 at every point of the grid.
    X, y : ndarray of shape (n, 2), (n,)
        Examples of classes 0 and 1.
    title : str
    color_bar : bool, default=True
    size : float, default=16
        Marker area of the examples, in square points.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> grid = np.linspace(-1, 1, 5)
    >>> plane = np.add.outer(grid, grid) / 4 + 0.5
    >>> plot_decision_map(grid, grid, plane, np.eye(2), np.array([0, 1])).get_xlabel()
    'input 1'
    """
    from matplotlib.colors import LinearSegmentedColormap

    ax = make_axes(ax)
    shades = LinearSegmentedColormap.from_list("classes", ["#9EC9E2", "#FFFFFF", "#F3B58E"])
    shown = ax.pcolormesh(x1, x2, probability, cmap=shades, vmin=0, vmax=1, shading="gouraud", rasterized=True)
    if probability.min() < 0.5 < probability.max():
        ax.contour(x1, x2, probability, levels=[0.5], colors=COLORS["black"], linewidths=1.5)
    for value, marker, color in ((0, "o", COLORS["blue"]), (1, "^", COLORS["vermillion"])):
        chosen, label = X[y == value], f"class {value}"
        ax.scatter(chosen[:, 0], chosen[:, 1], s=size, marker=marker, color=color, edgecolor="white", linewidth=0.5, label=label)
    if color_bar:
        ax.figure.colorbar(shown, ax=ax, label="probability of class 1")
    ax.grid(False)
    ax.set(xlabel="input 1", ylabel="input 2", title=title)
    return ax
