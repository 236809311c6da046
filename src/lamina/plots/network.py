"""A network as a graph: a box a layer, an arrow wherever one reads another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING, TypeAlias

from lamina.network import Network
from lamina.plots.style import COLORS, make_axes, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["plot_network"]

_GRAY = "#666666"
_COLUMN, _ROW = 2.0, 1.0  # inches from box to box

#: Where something stands in its column: a layer or input by its name; an arrow that passes by its sender, reader and column.
_Place: TypeAlias = "str | tuple[str, str, int]"


@styled
def plot_network(network: Network, *, ax: Axes | None = None) -> Axes:
    """Inputs on the left, outputs on the right; a layer stands one column behind the last of those that it reads.

    Parameters
    ----------
    network : Network
        Built or not; a width that is not known yet is "?".
    ax : Axes, optional

    Returns
    -------
    Axes

    References
    ----------
    Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures", 1981: columns, places for
    arrows that pass one, and the order within a column by the mean of what is read.

    Examples
    --------
    >>> from lamina import Add, Dense, Graph, Input
    >>> x = Input(4, name="x")
    >>> h = Dense(8, activation="relu", name="h")(x)
    >>> ax = plot_network(Graph(x, Dense(2, name="scores")(Add(name="sum")([h, Dense(8, name="detour")(h)]))))
    >>> [text.get_text().splitlines()[0] for text in ax.texts if text.get_text()]
    ['x', 'h', 'detour', 'sum', 'scores']
    """
    columns = _columns(network)
    arrows = [_path(columns, sender, node.name) for node in network.nodes for sender in node.inputs]
    rows = _rows(columns, arrows)
    num_columns, num_rows = max(columns.values()) + 1, round(2 * max(map(abs, rows.values()))) + 1
    ax = make_axes(ax, size=(_COLUMN * num_columns, _ROW * num_rows + 0.4))
    boxes = {name: _draw_box(ax, columns[name], rows[name], *look) for name, look in _looks(network).items()}
    for path in arrows:
        points = [(place[2] if isinstance(place, tuple) else columns[place], rows[place]) for place in path]
        ax.plot(*zip(*points, strict=True), color=_GRAY, linewidth=1.1, zorder=1)
        head = {"arrowstyle": "-|>", "color": _GRAY, "patchB": boxes[str(path[-1])].get_bbox_patch(), "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", xy=points[-1], xytext=points[-2], arrowprops=head, zorder=1)
    ax.set(xlim=(-0.5, num_columns - 0.5), ylim=(-num_rows / 2, num_rows / 2))
    ax.set_axis_off()
    return ax


def _columns(network: Network) -> dict[str, int]:
    columns = {item.name: 0 for item in network.inputs}
    for node in network.nodes:
        columns[node.name] = 1 + max(columns[sender] for sender in node.inputs)
    return columns


def _path(columns: dict[str, int], sender: str, reader: str) -> list[_Place]:
    """From a box to another, by a place in every column between."""
    passed = range(columns[sender] + 1, columns[reader])
    return [sender, *((sender, reader, column) for column in passed), reader]


def _rows(columns: dict[str, int], arrows: Sequence[Sequence[_Place]]) -> dict[_Place, float]:
    """Rows around 0, those of a column one apart, in the order of the mean rows of what leads there."""
    before: dict[_Place, list[_Place]] = defaultdict(list)
    members: dict[int, list[_Place]] = defaultdict(list)
    for name, column in columns.items():
        members[column].append(name)
    for path in arrows:
        for sender, place in pairwise(path):
            before[place].append(sender)
            if isinstance(place, tuple):
                members[place[2]].append(place)
    rows: dict[_Place, float] = {}
    for column in sorted(members):
        places = members[column]
        if column:
            places.sort(key=lambda place: -mean(rows[sender] for sender in before[place]))
        rows |= {place: (len(places) - 1) / 2 - i for i, place in enumerate(places)}
    return rows


def _looks(network: Network) -> dict[str, tuple[str, str]]:
    """Text and color of each box."""
    looks = {item.name: (f"{item.name}\ninput\n{_units(item.width)}", COLORS["green"]) for item in network.inputs}
    for node in network.nodes:
        color = COLORS["vermillion"] if node.name in network.output_names else COLORS["blue"]
        looks[node.name] = f"{node.name}\n{node.layer.describe()}\n{_units(node.width)}", color
    return looks


def _units(width: int | None) -> str:
    return f"{'?' if width is None else f'{width:,}'} wide"


def _draw_box(ax: Axes, column: int, row: float, text: str, color: str) -> Text:
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color, "linewidth": 1.6}
    return ax.text(column, row, verbatim(text), ha="center", va="center", fontsize=9, bbox=frame, zorder=2)
