"""Plot of two classes in the plane, and the proof that a line separates them or that none does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane
from lamina.plots.style import COLORS, make_axes, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_separability"]

_CLASSES = ((0, "o", COLORS["blue"]), (1, "^", COLORS["vermillion"]))


@styled
def plot_separability(
    X: np.ndarray,
    y: np.ndarray,
    certificate: SeparatingPlane | CommonPoint,
    *,
    line: tuple[np.ndarray, float] | None = None,
    line_label: str = "perceptron",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot the rows of both classes with a separating line, or with a common point of both and the rows of which it is a mean.

    Parameters
    ----------
    X : ndarray of shape (n, 2)
    y : ndarray of shape (n,)
        Classes 0 and 1.
    certificate : SeparatingPlane or CommonPoint
        The certificate of class 1 from :func:`lamina.linear_separability`.
    line : (weights, bias), optional
        An additional line to draw: ``weights · x + bias = 0``.
    line_label : str
        Legend label of that line.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from lamina import linear_separability
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> ax = plot_separability(X, y, linear_separability(X, y).certificates[1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1', 'common point']
    """
    ax = make_axes(ax)
    for value, marker, color in _CLASSES:
        rows = X[y == value]
        label = f"class {value}"
        ax.scatter(
            rows[:, 0], rows[:, 1], s=28, marker=marker, color=color, edgecolor="white", linewidth=0.5, label=label, zorder=2
        )
    ax.margins(0.08)
    limits = (ax.get_xlim(), ax.get_ylim())
    top = limits[1][1] + 0.22 * (limits[1][1] - limits[1][0])  # room for the legend
    if isinstance(certificate, CommonPoint):
        _draw_common_point(ax, X, y, certificate)
    else:
        _draw_line(ax, certificate.weights, certificate.bias, limits, "separating line", COLORS["green"], "-")
    if line is not None:
        _draw_line(ax, line[0], line[1], limits, verbatim(line_label), COLORS["black"], "--")
    ax.set(xlabel="input 1", ylabel="input 2", xlim=limits[0], ylim=(limits[1][0], top))
    ax.set_title(title)
    ax.legend(loc="upper center", ncols=2)
    return ax


def _draw_common_point(ax: Axes, X: np.ndarray, y: np.ndarray, certificate: CommonPoint) -> None:
    """Draw lines from the point to the rows of which it is a weighted mean."""
    point = certificate.point
    for value, _, color in _CLASSES:
        for row in X[(y == value) & (certificate.multipliers > 0)]:
            ax.plot([row[0], point[0]], [row[1], point[1]], color=color, linewidth=1.6, zorder=3)
    star: Any = {"marker": "*", "markersize": 11, "color": COLORS["black"], "markeredgecolor": "white", "linestyle": "none"}
    ax.plot(*point, zorder=4, label="common point", **star)


def _draw_line(
    ax: Axes,
    weights: np.ndarray,
    bias: float,
    limits: tuple[tuple[float, float], tuple[float, float]],
    label: str,
    color: str,
    style: str,
) -> None:
    """Draw the line ``weights · x + bias = 0`` across the whole plot."""
    a, b = (float(w) for w in weights)
    if a == b == 0.0:
        return  # no line: every point is in the same class
    foot = -bias / (a * a + b * b) * np.array([a, b])
    along = np.array([-b, a]) / np.hypot(a, b)
    reach = float(np.abs(np.array(limits) - foot[:, np.newaxis]).max()) * 3
    ends = np.stack([foot - reach * along, foot + reach * along])
    ax.plot(ends[:, 0], ends[:, 1], color=color, linestyle=style, label=label, zorder=3)
