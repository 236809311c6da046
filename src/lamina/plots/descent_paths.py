"""Plot of descent paths over the contours of a surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.descent import Descent, Surface, get_surface
from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase
from lamina.plots.given import by_name
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, LINE_STYLES, MARKERS, figure_of, ink, make_axes, styled, verbatim
from lamina.plots.ticks import plain_ticks, round_log_ticks
from lamina.validation import check_parameters, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["path_color", "plot_descent_paths"]

# Distinct from each other and from the blue-to-yellow shades underneath; black is white in a dark style.
_COLORS = (COLORS["vermillion"], COLORS["black"], COLORS["purple"], COLORS["green"])

_OWNER = "plot_descent_paths"
_LONGEST = 30  # characters of a formula beside the color bar
_AROUND = 0.15  # of the range of the points, beyond them
_FINE, _COARSE = 300, 100  # points of a grid in each direction: of a surface, and of a function that takes one point at a time

Bounds = tuple[tuple[float, float], tuple[float, float]]


@styled
def plot_descent_paths(
    surface: Surface | str | Callable[[np.ndarray], float],
    ways: Any | Mapping[str, Any] = None,
    *,
    bounds: Bounds | None = None,
    minima: Sequence[tuple[float, float]] | None = None,
    labels: tuple[str, str, str] | None = None,
    log: bool = False,
    num_levels: int = 18,
    markers: bool = True,
    title: str | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot shaded contours of a function of two variables, and each way on it from its start (a dot) to its end (a star).

    Parameters
    ----------
    surface : Surface, str or callable
        A test surface or its name in :data:`lamina.descent.SURFACES`; or a function as :func:`lamina.minimize` takes it, from a
        point, ndarray of shape (2,), to a number.
    ways : Descent, array-like of shape (n, 2), or dict of str to such, optional
        Points in order; a dict's names are the legend. Ways are cut off at the edge of the picture.
    bounds : ((float, float), (float, float)), optional
        The region: (low, high) of the first variable, then of the second. Default: the surface's, or around all points of the
        ways.
    minima : sequence of (float, float), optional
        Points to mark with crosses. Default: the surface's.
    labels : (str, str, str), optional
        Labels of both axes and of the color bar, with units if any. Default: x, y and the formula, if it is short.
    log : bool, default=False
        Whether levels are spaced evenly in the logarithm of the values, which must then be > 0 except at single points.
    num_levels : int, default=18
        Number of contour levels, about; >= 2.
    markers : bool, default=True
        Whether to mark each step.
    title : str, optional
        Default: the surface's name.
    legend : bool, default=True
        Whether there is a legend below, if there are ways.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are neither bounds nor points, or values are not finite numbers, or none is > 0 with ``log``.
    InvalidSettingError
        If there is no surface of that name, bounds are not two pairs of numbers in ascending order, or ``num_levels`` is out of
        range.
    ShapeError
        If a way is not one of points in the plane.

    Examples
    --------
    >>> from lamina import minimize
    >>> from lamina.descent import get_surface
    >>> bowl = get_surface("bowl")
    >>> ax = plot_descent_paths(bowl, minimize(bowl, bowl.gradient, bowl.start))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x', 'y')
    """
    check_parameters({"num_levels": num_levels}, {"num_levels": integer(2)}, owner=_OWNER)
    given = get_surface(surface) if isinstance(surface, str) else surface
    paths = {} if ways is None or (isinstance(ways, Mapping) and not ways) else by_name(ways, _points, what="ways", owner=_OWNER)
    X, Y, Z = _grid(given, paths, bounds)
    ax = make_axes(ax)
    names = _labels(given) if labels is None else labels
    _draw_levels(ax, X, Y, Z, names[2], num_levels, log=log)
    for i, (name, path) in enumerate(paths.items()):
        _draw_way(ax, path, name, i, markers=markers)
    if minima is None:
        minima = given.minima if isinstance(given, Surface) else ()
    for point in minima:
        cross: dict[str, Any] = {"marker": "x", "markersize": 9, "markeredgewidth": 2.2, "color": "white", "linestyle": "none"}
        ax.plot(*point, zorder=3, **cross)
    ax.grid(False)
    ax.set_title(_title(given) if title is None else title)
    ax.set(xlabel=names[0], ylabel=names[1], xlim=(X.min(), X.max()), ylim=(Y.min(), Y.max()))
    if paths and legend:
        legend_below(ax, *_legend(ax, has_minima=len(minima) > 0))
    return ax


def path_color(i: int) -> str:
    """The color of the ``i``-th way, from 0, here and in plots of its steps."""
    color = _COLORS[i % len(_COLORS)]
    return ink() if color == COLORS["black"] else color


def _points(way: Any) -> np.ndarray:
    """The points of a way as float64, (n, 2)."""
    try:
        points = np.asarray(way.points if isinstance(way, Descent) else way, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(phrase("a way", "must be a Descent, or points", type(way).__name__, owner=_OWNER)) from None
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ShapeError(phrase("a way", "must be points in the plane, of shape (n, 2)", points.shape, owner=_OWNER))
    return points


def _grid(
    surface: Surface | Callable[[np.ndarray], float], paths: Mapping[str, np.ndarray], bounds: Bounds | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points over the bounds and their values: x, y, f(x, y), each of shape (m, m)."""
    if not callable(surface):
        raise InvalidSettingError(phrase("surface", "must be a Surface, its name, or a function", surface, owner=_OWNER))
    is_surface = isinstance(surface, Surface)
    if bounds is None:
        bounds = surface.bounds if isinstance(surface, Surface) else _bounds_around(paths)
    x, y = (np.linspace(low, high, _FINE if is_surface else _COARSE) for low, high in _checked(bounds))
    X, Y = np.meshgrid(x, y)
    points = np.stack([X, Y], axis=-1)
    if isinstance(surface, Surface):
        return X, Y, surface.function(points)
    came = [surface(point) for point in points.reshape(-1, 2)]
    try:
        values = np.array(came, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(phrase("the function", "must return a number", came[0], owner=_OWNER)) from None
    if values.shape != (X.size,):
        raise DataError(phrase("the function", "must return a number", f"an array of shape {values.shape[1:]}", owner=_OWNER))
    return X, Y, values.reshape(X.shape)


def _bounds_around(paths: Mapping[str, np.ndarray]) -> Bounds:
    """A region around all finite points of the ways."""
    points = np.concatenate([path[np.isfinite(path).all(axis=1)] for path in paths.values()]) if paths else np.empty((0, 2))
    if not len(points):
        repair = "Give bounds=((low, high), (low, high))."
        raise DataError(phrase("a function", "must come with bounds or ways", "neither", repair=repair, owner=_OWNER))
    low, high = points.min(axis=0), points.max(axis=0)
    around = np.where(high > low, _AROUND * (high - low), 1.0)
    (x1, y1), (x2, y2) = (low - around).tolist(), (high + around).tolist()
    return (x1, x2), (y1, y2)


def _checked(bounds: Any) -> np.ndarray:
    try:
        pairs = np.asarray(bounds, dtype=np.float64)
    except (TypeError, ValueError):
        pairs = np.empty(0)
    if pairs.shape != (2, 2) or not np.isfinite(pairs).all() or not (pairs[:, 0] < pairs[:, 1]).all():
        rule = "must be two pairs (low, high) of numbers, of the first and of the second variable"
        raise InvalidSettingError(phrase("bounds", rule, bounds, owner=_OWNER))
    return pairs


def _labels(surface: Any) -> tuple[str, str, str]:
    is_short = isinstance(surface, Surface) and len(surface.formula) <= _LONGEST
    return "x", "y", verbatim(surface.formula) if is_short else "f(x, y)"


def _title(surface: Any) -> str:
    return surface.name.capitalize() if isinstance(surface, Surface) else ""


def _draw_levels(ax: Axes, X: np.ndarray, Y: np.ndarray, Z: np.ndarray, label: str, num_levels: int, *, log: bool) -> None:
    """Draw shades and contours, and a color bar with round numbers."""
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import MaxNLocator

    known = Z[np.isfinite(Z) & (Z > 0)] if log else Z[np.isfinite(Z)]
    if not known.size:
        rule = "must have values > 0 on a logarithmic scale" if log else "must have finite values in the picture"
        raise DataError(phrase("the surface", rule, "none", repair="Use log=False." if log else "", owner=_OWNER))
    norm: Any
    if log:
        low, high = np.percentile(known, [1, 99.9])
        high = max(high, low * 1.01)
        levels, norm, ticks = np.geomspace(low, high, num_levels), LogNorm(low, high), round_log_ticks(low, high)
    else:
        low, high = known.min(), known.max()
        if high - low <= 1e-9 * abs(high):  # the same everywhere
            low, high = low - 0.5 * (1 + abs(low)), high + 0.5 * (1 + abs(high))
        levels = np.asarray(MaxNLocator(num_levels).tick_values(low, high))
        norm, ticks = Normalize(levels[0], levels[-1]), np.asarray(MaxNLocator(6).tick_values(levels[0], levels[-1]))
        ticks = ticks[(ticks >= levels[0]) & (ticks <= levels[-1])]
    shades = ax.contourf(X, Y, Z, levels=levels, norm=norm, cmap="YlGnBu_r", alpha=0.75, extend="both")
    ax.contour(X, Y, Z, levels=levels, norm=norm, colors="white", linewidths=0.4, alpha=0.7)
    bar = figure_of(ax).colorbar(shades, ax=ax, label=label)
    bar.set_ticks(ticks.tolist(), labels=plain_ticks(ticks))
    bar.minorticks_off()


def _draw_way(ax: Axes, path: np.ndarray, name: str, i: int, *, markers: bool) -> None:
    """Draw the points joined by lines, a dot at the start and a star at the end."""
    color = path_color(i)
    look: dict[str, Any] = {"color": color, "linestyle": LINE_STYLES[i % len(LINE_STYLES)], "linewidth": 1.4}
    step: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "markersize": 3.5} if markers else {}
    ax.plot(path[:, 0], path[:, 1], label=verbatim(name), **look, **step)
    end: dict[str, Any] = {"color": color, "markeredgecolor": "white", "linestyle": "none"}
    ax.plot(*path[0], marker="o", markersize=9, zorder=4, **end)
    ax.plot(*path[-1], marker="*", markersize=16, zorder=5, **end)


def _legend(ax: Axes, *, has_minima: bool) -> tuple[list[Any], list[str]]:
    """The lines and names of the ways, and what the marks mean."""
    from matplotlib.lines import Line2D

    lines, names = ax.get_legend_handles_labels()
    marks = {"start": ("o", 8), "end": ("*", 12)} | ({"minimum": ("x", 8)} if has_minima else {})
    look: dict[str, Any] = {"color": "#808080", "linestyle": "none"}
    signs = [Line2D([], [], marker=marker, markersize=size, **look) for marker, size in marks.values()]
    return [*lines, *signs], [*names, *marks]
