"""Plot of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import counted
from lamina.metrics import confusion, indices_of_classes
from lamina.metrics.given import labels as same_labels
from lamina.plots.style import axes_points, class_name, figure_of, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_confusion"]

_SHADES = ("#FFFFFF", "#9EC9E2", "#0072B2", "#00324F")  # from none to all of a row
_NO_ROWS = "#DDDDDD"
_DARK = 0.55  # the share from which a cell is too dark for dark text
_LONGEST = 28  # characters of a name
_INCHES = 0.085  # of a character, about
_FEW = 10  # classes with which zeros are written
_LEAST_FOR_BAR = 180.0  # points of given axes, from which on a bar and its label have room
_LEAST_FONT, _FONT = 5.0, 10.0  # points


@styled
def plot_confusion(
    truth: Any, predicted: Any, classes: Sequence[Any] | None = None, *, normalize: bool = False, ax: Axes | None = None
) -> Axes:
    """Plot how many rows of each class (a row of the picture) were predicted as each class (a column).

    A cell's color is its share of the row in any case, so that rare classes can be read as well as frequent ones. Gray rows
    are of classes that ``truth`` lacks.

    Parameters
    ----------
    truth, predicted : array-like of shape (n,)
        Labels, or class indices.
    classes : sequence, optional
        The classes in the order of the picture, such as ``model.classes_``; with indices, their names. By default the labels
        that occur, in ascending order.
    normalize : bool, default=False
        Whether cells hold percentages of their row instead of counts.
    ax : Axes, optional
        In small axes the color bar is left out, and in still smaller ones the numbers.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If a label is not among the classes, or labels and predictions are of different kinds.
    ShapeError
        If the two do not have the same shape.

    Examples
    --------
    >>> ax = plot_confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '0', '1']
    """
    truth, predicted = (array.ravel() for array in same_labels(truth, predicted, owner="plot_confusion"))
    indices, known = indices_of_classes(np.concatenate([truth, predicted]), classes)
    counts = confusion(indices[: len(truth)], indices[len(truth) :], len(known))
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.where(rows > 0, counts / np.maximum(rows, 1), np.nan)
    # In axes that are given, names may take a third.
    most = _LONGEST if ax is None else min(_LONGEST, max(6, int(axes_points(make_axes(ax)) / 18)))
    names = [class_name(name, most) if isinstance(name, str) else str(name) for name in known]
    is_new, ax = ax is None, make_axes(ax, size=_size(names))
    _draw(ax, shares, has_bar=is_new or axes_points(ax) >= _LEAST_FOR_BAR)
    _name(ax, names)
    _write(ax, _percent_texts(shares) if normalize else _count_texts(counts), shares)
    ax.set_title(f"Accuracy {np.trace(counts) / len(truth):.4g} on {counted(len(truth), 'row')}")
    return ax


def _size(names: Sequence[str]) -> tuple[float, float]:
    """The size in inches of a figure with room for the names and for numbers in the cells."""
    cell = min(0.9, max(0.3, 7 / len(names)))
    matrix, beside = len(names) * cell, _INCHES * max(map(len, names))
    below = beside if _are_turned(names, cell) else 0.0
    return max(4.2, matrix + beside + 1.9), max(3.2, matrix + below + 1.0)


def _are_turned(names: Sequence[str], cell: float) -> bool:
    """Whether names are too long to stand side by side below cells of some width in inches."""
    return _INCHES * (max(map(len, names)) + 1) > cell


def _draw(ax: Axes, shares: np.ndarray, *, has_bar: bool) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("shares", _SHADES).with_extremes(bad=_NO_ROWS)
    image = ax.imshow(np.ma.masked_invalid(100 * shares), cmap=shades, vmin=0, vmax=100, interpolation="nearest")
    if has_bar:
        figure_of(ax).colorbar(image, ax=ax, label="% of the true class's rows", shrink=0.9)
    ax.grid(False)
    edges = np.arange(len(shares) - 1) + 0.5
    ax.hlines(edges, -0.5, len(shares) - 0.5, color="#E4E4E4", linewidth=0.5)
    ax.vlines(edges, -0.5, len(shares) - 0.5, color="#E4E4E4", linewidth=0.5)
    ax.set(xlabel="predicted class", ylabel="true class")


def _name(ax: Axes, names: Sequence[str]) -> None:
    size = min(_FONT, max(_LEAST_FONT, 0.8 * _cell(ax, len(names))))
    turned: dict[str, Any] = (
        {"rotation": 60, "ha": "right", "rotation_mode": "anchor"} if _are_turned(names, _cell(ax, len(names)) / 72) else {}
    )
    ax.set_xticks(range(len(names)), names, fontsize=size, **turned)
    ax.set_yticks(range(len(names)), names, fontsize=size)
    ax.tick_params(length=0)


def _cell(ax: Axes, num_classes: int) -> float:
    """The width of a cell in points, at most: names and color bar may still take some of the axes."""
    return axes_points(ax) / num_classes


def _count_texts(counts: np.ndarray) -> np.ndarray:
    few = len(counts) <= _FEW
    return np.array([[f"{count:,}" if count or few else "" for count in row] for row in counts])


def _percent_texts(shares: np.ndarray) -> np.ndarray:
    few = len(shares) <= _FEW

    def text(share: float) -> str:
        if np.isnan(share) or (share == 0 and not few):
            return ""
        return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"

    return np.array([[text(share) for share in row] for row in shares])


def _write(ax: Axes, texts: np.ndarray, shares: np.ndarray) -> None:
    """Write into the cells, in a size that fits the longest text, unless that is illegible."""
    longest = max(len(text) for text in texts.flat)
    font = min(_FONT, 0.85 * _cell(ax, len(texts)) / (0.62 * max(longest, 1)))
    if font < _LEAST_FONT:
        return
    for (i, j), text in np.ndenumerate(texts):
        if text:
            color = "white" if shares[i, j] > _DARK else "#222222"
            ax.text(j, i, text, ha="center", va="center", fontsize=font, color=color)
