"""Decision map: what a classifier says at every point of the plane of its two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import ShapeError, phrase
from lamina.metrics import indices_of_classes
from lamina.plots.given import rows_in_the_plane
from lamina.plots.judgement import Judgement, judgement_of
from lamina.plots.legends import legend_below
from lamina.plots.style import MARKERS, class_name, cycle, faded, figure_of, ink, make_axes, paper, styled, verbatim
from lamina.validation import check_parameters, instance, integer, number, one_of, sequence_of, value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_decision_map"]

_OWNER = "plot_decision_map"
_RULES = {
    "labels": one_of(value(None), sequence_of(instance(str), length=2)),
    "num_points": integer(2),
    "size": one_of(value(None), number(0)),
}
_AROUND = 0.12  # of the range of the rows, beyond them


@styled
def plot_decision_map(
    model: Any,
    X: Any,
    y: Any,
    *,
    classes: Sequence[Any] | None = None,
    labels: tuple[str, str] | None = None,
    num_points: int = 200,
    color_bar: bool = True,
    size: float | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Color the plane by what a classifier predicts, with the border between classes and the rows marked by class.

    Of two classes with probabilities, the shades are the probability of the second, and the border is where it is decided.
    Otherwise every class has a region of its color: with more than two classes, or without probabilities, as of a perceptron.

    Parameters
    ----------
    model : fitted classifier, Trainer, network model of a file, or model of a table
        Of two inputs and one output. Any object with ``classes_``, and ``predict_proba``, ``decision_function`` or ``predict``.
    X : array-like or data frame of shape (n, 2)
        Rows to mark; the picture reaches an eighth beyond them.
    y : array-like of shape (n,)
        Their classes: labels, or indices.
    classes : sequence, optional
        The names of the classes in the order of the model's outputs. By default those of the model.
    labels : (str, str), optional
        Names of the inputs, with units if any. By default the columns of a data frame, or "input 1" and "input 2".
    num_points : int, default=200
        Of the grid, in both directions; >= 2.
    color_bar : bool, default=True
        Whether there is a color bar of the probability, if the plot has one.
    size : float, optional
        Marker area of the rows, in square points, >= 0. By default the smaller, the more rows.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If the model is not fitted or no classifier, or a label is not among its classes.
    InvalidSettingError
        If a setting is out of range.
    ShapeError
        If X does not have two columns, or not as many rows as y.

    Examples
    --------
    >>> from lamina import Perceptron
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), ["no", "no", "no", "yes"]
    >>> ax = plot_decision_map(Perceptron().fit(X, y), X, y)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['no', 'yes']
    """
    check_parameters({"labels": labels, "num_points": num_points, "size": size}, _RULES, owner=_OWNER)
    rows = rows_in_the_plane(X, owner=_OWNER)
    x1, x2 = (_reach(column, num_points) for column in rows.T)
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    judged = judgement_of(model, points, X, owner=_OWNER)
    indices, known = indices_of_classes(y, judged.classes if classes is None else classes, num_classes=judged.num_classes)
    if len(indices) != len(rows):
        raise ShapeError(phrase("y", f"must be {len(rows)} classes, one per row of X", len(indices), owner=_OWNER))
    ax = make_axes(ax)
    names = [class_name(name) for name in known]
    if judged.probability is None:
        _draw_regions(ax, x1, x2, judged)
    else:
        _draw_probability(ax, x1, x2, judged, names[1] if color_bar else None)
    area = min(24.0, max(3.0, 24.0 * (300 / len(rows)) ** 0.5)) if size is None else size
    for i, name in enumerate(names):
        chosen = rows[indices == i]
        look: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "color": cycle(i)}
        ax.scatter(chosen[:, 0], chosen[:, 1], s=area, edgecolor=paper(), linewidth=0.5, label=name, zorder=3, **look)
    ax.grid(False)
    across, up = _names_of_inputs(X) if labels is None else labels
    ax.set(xlabel=across, ylabel=up, xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    ax.set_title(title)
    legend_below(ax)
    return ax


def _reach(column: np.ndarray, num: int) -> np.ndarray:
    """Coordinates of a grid over the column's values and a little beyond."""
    low, high = column.min(), column.max()
    around = _AROUND * (high - low) if high > low else 1.0
    return np.linspace(low - around, high + around, num)


def _names_of_inputs(X: Any) -> tuple[str, str]:
    columns = getattr(X, "columns", None)
    if columns is None:
        return "input 1", "input 2"
    first, second = (verbatim(str(name)) for name in columns)
    return first, second


def _draw_probability(ax: Axes, x1: np.ndarray, x2: np.ndarray, judged: Judgement, name: str | None) -> None:
    """Draw shades of the probability with the border at its threshold, and a color bar if the class has a name."""
    from matplotlib.colors import LinearSegmentedColormap

    assert judged.probability is not None
    probability = judged.probability.reshape(len(x2), len(x1))
    shades = LinearSegmentedColormap.from_list("classes", [faded(cycle(0)), paper(), faded(cycle(1))])
    shown = ax.pcolormesh(x1, x2, probability, cmap=shades, vmin=0, vmax=1, shading="gouraud", rasterized=True)
    if probability.min() < judged.threshold < probability.max():
        ax.contour(x1, x2, probability, levels=[judged.threshold], colors=[ink()], linewidths=1.5)
    if name is not None:
        figure_of(ax).colorbar(shown, ax=ax, label=f"probability of {name}")


def _draw_regions(ax: Axes, x1: np.ndarray, x2: np.ndarray, judged: Judgement) -> None:
    """Draw the region of each class in its color, with black borders."""
    for label in range(judged.num_classes):
        lead = judged.lead(label).reshape(len(x2), len(x1))
        if lead.max() > 0:
            ax.contourf(x1, x2, lead, levels=[0, np.inf], colors=[faded(cycle(label))])
            ax.contour(x1, x2, lead, levels=[0], colors=[ink()], linewidths=1.2)
