"""Plot of descent paths over the contours of a surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.plots.style import COLORS, LINE_STYLES, MARKERS, make_axes, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PATH_COLORS", "plot_descent_paths"]

# Distinct from each other and from the blue-to-yellow shades underneath.
PATH_COLORS = (COLORS["vermillion"], COLORS["black"], COLORS["purple"], COLORS["green"])


@styled
def plot_descent_paths(
    X: np.ndarray,
    Y: np.ndarray,
    Z: np.ndarray,
    paths: Mapping[str, np.ndarray],
    *,
    minima: Sequence[tuple[float, float]] = (),
    labels: tuple[str, str, str] = ("x", "y", "f(x, y)"),
    log: bool = False,
    num_levels: int = 18,
    markers: bool = True,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot shaded contours of ``Z``, and each path from its start (a dot) to its end (a star).

    Parameters
    ----------
    X, Y, Z : ndarray of shape (m, k)
        The surface, as returned by :meth:`lamina.descent.Surface.grid`.
    paths : dict of str to ndarray of shape (n, 2)
        By legend label. Paths are cut off at the edge of the grid.
    minima : sequence of (float, float)
        Points to mark with crosses.
    labels : (str, str, str)
        Labels of both axes and of the color bar, with units if any.
    log : bool, default=False
        Whether levels are spaced evenly in log Z; Z must then be > 0 except at single points.
    num_levels : int, default=18
    markers : bool, default=True
        Whether to mark each step.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from lamina.descent import get_surface
    >>> bowl = get_surface("bowl")
    >>> ax = plot_descent_paths(*bowl.grid(20), {"a step": np.array([[2.0, 1.0], [1.0, 0.5]])}, minima=bowl.minima)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x', 'y')
    """
    ax = make_axes(ax)
    levels, norm = _levels(Z, log, num_levels)
    shades = ax.contourf(X, Y, Z, levels=levels, norm=norm, cmap="YlGnBu_r", alpha=0.75, extend="both")
    ax.contour(X, Y, Z, levels=levels, norm=norm, colors="white", linewidths=0.4, alpha=0.7)
    ax.figure.colorbar(shades, ax=ax, label=labels[2], ticks=levels[1::4], format="%.3g").minorticks_off()
    for i, (name, path) in enumerate(paths.items()):
        color = PATH_COLORS[i % len(PATH_COLORS)]
        look: Any = {"color": color, "linestyle": LINE_STYLES[i % len(LINE_STYLES)], "linewidth": 1.4}
        step: Any = {"marker": MARKERS[i % len(MARKERS)], "markersize": 3.5} if markers else {}
        ax.plot(path[:, 0], path[:, 1], label=verbatim(name), **look, **step)
        ax.plot(*path[0], marker="o", markersize=9, color=color, markeredgecolor="white", linestyle="none", zorder=4)
        ax.plot(*path[-1], marker="*", markersize=16, color=color, markeredgecolor="white", linestyle="none", zorder=5)
    for point in minima:
        ax.plot(*point, marker="x", markersize=9, markeredgewidth=2.2, color="white", linestyle="none", zorder=3)
    ax.grid(False)
    ax.set_title(title)
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=(X.min(), X.max()), ylim=(Y.min(), Y.max()))
    if paths:
        ax.legend(loc="upper right")
    return ax


def _levels(Z: np.ndarray, log: bool, num: int) -> tuple[np.ndarray, Any]:
    """The contour levels, and the normalization of their colors."""
    from matplotlib.colors import LogNorm, Normalize

    if log:
        low, high = np.percentile(Z[Z > 0], [1, 99.9])
        return np.geomspace(low, high, num), LogNorm(low, high)
    return np.linspace(Z.min(), Z.max(), num), Normalize(Z.min(), Z.max())
