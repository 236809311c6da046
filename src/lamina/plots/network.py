"""Plot of a network as a graph: a box for each layer, an arrow for each connection."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lamina.errors import DataError, DataTypeError, InvalidSettingError, phrase
from lamina.network import Network
from lamina.network.layout import columns_of, path_of, rows_of
from lamina.plots.style import COLORS, figure_of, gray, make_axes, paper, shortened, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["plot_network"]

_ROW = 1.0  # inches from row to row at full font size
_BOX = 0.56  # the widest box's share of a column's width
_ZONE = 0.38  # share of a column's width on each side of its middle where lines are level; outside it they bend
_FONT, _LEAST_FONT = 9.0, 5.0  # points
_WIDEST, _NARROWEST = 1.5 * 72, 0.8 * 72  # maximum points of a line at full font size: by default, and in small axes
_PAD = 0.35  # space between text and frame, in font sizes
_LONGEST = 60  # characters in a line


@styled
def plot_network(network: Any, *, ax: Axes | None = None) -> Axes:
    """Plot a network from inputs on the left to outputs on the right; a layer is one column after the last layer it reads.

    Parameters
    ----------
    network : Network, Trainer, fitted estimator or model
        A network may be built or not; unknown widths are shown as "?".
    ax : Axes, optional
        In small axes, names are shortened and the font is smaller.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If an estimator is not fitted, or something has no network.
    InvalidSettingError
        If ``ax`` is too small for legible text.

    Notes
    -----
    In names that are too long for a box, an ellipsis replaces the middle; ``summary()`` shows them in full.

    References
    ----------
    Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures", 1981: columns, places for
    arrows that pass through one, and the order within a column by the mean position of the inputs.

    Examples
    --------
    >>> from lamina import Add, Dense, Graph, Input
    >>> x = Input(4, name="x")
    >>> h = Dense(8, activation="relu", name="h")(x)
    >>> ax = plot_network(Graph(x, Dense(2, name="scores")(Add(name="sum")([h, Dense(8, name="detour")(h)]))))
    >>> [text.get_text().splitlines()[0] for text in ax.texts if text.get_text()]
    ['x', 'h', 'detour', 'sum', 'scores']
    """
    network = _network_of(network)
    columns = columns_of(network.inputs, network.nodes)
    arrows = [path_of(columns, sender, node.name) for node in network.nodes for sender in node.inputs]
    rows = rows_of(columns, arrows)
    num_columns, num_rows = max(columns.values()) + 1, round(2 * max(map(abs, rows.values()))) + 1
    looks = _looks(network, _WIDEST if ax is None else _widest_for(ax, num_columns))
    size = num_columns * _column_inches([text for text, _ in looks.values()]), num_rows * _ROW
    font = _FONT if ax is None else _font_for(ax, size)
    ax = make_axes(ax, size=(size[0], size[1] + 0.4))
    boxes = {name: _draw_box(ax, columns[name], rows[name], *look, font) for name, look in looks.items()}
    for path in arrows:
        points = [(place[2] if isinstance(place, tuple) else columns[place], rows[place]) for place in path]
        _draw_arrow(ax, points, boxes[str(path[-1])], font)
    ax.set(xlim=(-0.5, num_columns - 0.5), ylim=(-num_rows / 2, num_rows / 2))
    ax.set_axis_off()
    return ax


def _network_of(given: Any) -> Network:
    """The network that is given, or that the given object has."""
    of_table = getattr(given, "model_", given)
    holder = getattr(of_table, "estimator", of_table)
    found = next((each for name in ("network", "network_") if isinstance(each := getattr(holder, name, None), Network)), given)
    if isinstance(found, Network):
        return found
    if not getattr(given, "__sklearn_is_fitted__", lambda: True)():
        raise DataError(phrase("the estimator", "must be fitted", given, repair="Call fit first.", owner="plot_network"))
    rule = "must be a Network, or a Trainer, an estimator or a model that has one"
    raise DataTypeError(phrase("what is plotted", rule, given, owner="plot_network"))


def _inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the given axes."""
    box, dpi = make_axes(ax).get_window_extent(), figure_of(ax).dpi
    return box.width / dpi, box.height / dpi


def _widest_for(ax: Axes, num_columns: int) -> float:
    """The maximum width of a line in points with which the columns fit into the axes, within limits."""
    fitting = _inches(ax)[0] / num_columns * 72 * _BOX - 2 * _PAD * _FONT
    return min(max(fitting, _NARROWEST), _WIDEST)


def _font_for(ax: Axes, size: tuple[float, float]) -> float:
    """The font size with which a picture of ``size`` (inches) fits into the axes."""
    given = _inches(ax)
    font = _FONT * min(1.0, given[0] / size[0], given[1] / size[1])
    if font < _LEAST_FONT:
        least = [f"{inches * _LEAST_FONT / _FONT + 0.05:.1f}" for inches in size]
        rule = f"must be at least {' x '.join(least)} inches for legible text"
        came, repair = f"{given[0]:.1f} x {given[1]:.1f}", "Omit ax to get a figure that fits."
        raise InvalidSettingError(f"plot_network: ax {rule}, got {came}. {repair}")
    return font


def _column_inches(texts: Sequence[str]) -> float:
    """The width of a column, so that the widest box leaves room for arrows."""
    widest = max(_width(line) for text in texts for line in text.splitlines())
    return (widest + 2 * _PAD * _FONT) / 72 / _BOX


def _looks(network: Network, widest: float) -> dict[str, tuple[str, str]]:
    """Text and color of each box."""
    looks = {item.name: (_text(item.name, "input", item.width, widest), COLORS["green"]) for item in network.inputs}
    for node in network.nodes:
        color = COLORS["vermillion"] if node.name in network.output_names else COLORS["blue"]
        looks[node.name] = _text(node.name, node.describe(), node.width, widest), color
    return looks


def _text(name: str, what: str, width: int | None, widest: float) -> str:
    return "\n".join(_fitting(line, widest) for line in (name, what, _units(width)))


def _fitting(line: str, widest: float) -> str:
    """A line of a box, shortened to ``widest``; line breaks become spaces, since they would add lines to the box."""
    lines = dict.fromkeys(shortened(line.replace("\n", " "), most) for most in range(_LONGEST, 0, -1))
    return next(short for short in lines if _width(short) <= widest)


def _width(line: str) -> float:
    """The width of a line in points."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), verbatim(line), size=_FONT).get_extents().width)


def _units(width: int | None) -> str:
    return f"{'?' if width is None else f'{width:,}'} wide"


def _draw_arrow(ax: Axes, points: Sequence[tuple[float, float]], box: Text, font: float) -> None:
    """Draw an arrow that is level inside the columns, where the boxes are, and bends between columns."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    vertices, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        vertices += [(x0 + _ZONE, y0), (middle, y0), (middle, y1), (x1 - _ZONE, y1)]
        codes += [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    ax.add_patch(PathPatch(Path(vertices, codes), facecolor="none", edgecolor=gray(0.6), linewidth=1.1 * font / _FONT, zorder=1))
    head: dict[str, Any] = {"arrowstyle": "-|>", "color": gray(0.6), "linewidth": 1.1 * font / _FONT, "mutation_scale": font}
    head |= {"patchB": box.get_bbox_patch(), "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=points[-1], xytext=vertices[-1], arrowprops=head, zorder=3)  # after the box, whose size is known by then


def _draw_box(ax: Axes, column: int, row: float, text: str, color: str, font: float) -> Text:
    frame = {"boxstyle": f"round,pad={_PAD}", "facecolor": paper(), "edgecolor": color, "linewidth": 1.6}
    return ax.text(column, row, verbatim(text), ha="center", va="center", fontsize=font, bbox=frame, zorder=2)
