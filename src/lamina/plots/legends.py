"""Legends that lie on nothing: below their axes, where no data can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.plots.style import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

__all__ = ["legend_below"]

_GAP = 4  # points between the axis label and the legend
_SMALL = 8  # points of the letters of a legend that is too wide
_LEAST_HEIGHT = 0.4  # of given axes, that a legend leaves them
_TITLE = 24  # points that the title of a panel below takes


def legend_below(
    ax: Axes, handles: Sequence[Any] | None = None, labels: Sequence[str] | None = None, *, fontsize: float | None = None
) -> Legend | None:
    """Put a legend below the axes and their labels, in as many columns as fit; None if nothing has a label.

    Call it last, when ticks and labels are known. In a figure with matplotlib's layout engine, such as our own, the engine makes
    room. In others, the axes become lower by the legend's height, as they become narrower for a color bar.
    """
    if handles is None or labels is None:
        handles, labels = ax.get_legend_handles_labels()
    if not labels:
        return None
    given: dict[str, Any] = {"handles": handles, "labels": labels, "fontsize": fontsize, "columnspacing": 1.4}
    legend = _in_columns_that_fit(ax, given)
    if figure_of(ax).get_layout_engine() is None:
        _make_room(ax, legend)
        legend = _in_columns_that_fit(ax, given)
    return legend


def _in_columns_that_fit(ax: Axes, given: dict[str, Any]) -> Legend:
    """The legend with as many columns as the axes are wide; if even one is too wide, in smaller letters."""
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": _place(ax), "borderaxespad": 0}
    width = _width(ax)
    for columns in range(_most_columns(ax.legend(**place, **given), width), 0, -1):
        legend = ax.legend(ncols=columns, **place, **given)
        if legend.get_window_extent().width <= width:
            return legend
    return ax.legend(**place, **{**given, "fontsize": _SMALL})


def _most_columns(single: Legend, width: float) -> int:
    """A bound on the number of columns in the width, from a legend in one column: trying every number takes seconds."""
    texts = single.get_texts()
    sign = (single.handlelength + single.handletextpad) * float(texts[0].get_fontsize()) / 72 * figure_of(single.axes).dpi
    narrowest = sign + min(text.get_window_extent().width for text in texts)
    return max(1, min(len(texts), int(width / narrowest)))


def _width(ax: Axes) -> float:
    """The width in pixels of the axes and of their labels on the left."""
    box, labels = ax.get_window_extent(), ax.yaxis.get_tightbbox()
    return float(box.x1 - min(box.x0, labels.x0 if labels else box.x0))


def _place(ax: Axes) -> Any:
    """The axes' coordinates, moved down below the labels of the horizontal axis."""
    from matplotlib.transforms import ScaledTranslation

    labels, figure = ax.xaxis.get_tightbbox(), figure_of(ax)
    below = max(0.0, ax.get_window_extent().y0 - labels.y0) if labels else 0.0
    return ax.transAxes + ScaledTranslation(0, -below / figure.dpi - _GAP / 72, figure.dpi_scale_trans)


def _make_room(ax: Axes, legend: Legend) -> None:
    """Take as much from the bottom of the axes as the legend needs to lie on nothing."""
    spec, box = ax.get_subplotspec(), ax.get_window_extent()
    share = min(1 - _LEAST_HEIGHT, max(0.0, _lowest(ax, legend) - legend.get_window_extent().y0) / box.height)
    if spec is None:
        place = ax.get_position()
        ax.set_position((place.x0, place.y0 + share * place.height, place.width, (1 - share) * place.height))
    elif share:
        ax.set_subplotspec(spec.subgridspec(2, 1, height_ratios=[1 - share, share], hspace=0)[0])


def _lowest(ax: Axes, legend: Legend) -> float:
    """How low the legend may reach, in pixels: to the figure's edge, to the title of the panel below, or where labels were."""
    figure, spec = figure_of(ax), ax.get_subplotspec()
    edge = float(figure.bbox.y0)
    if spec is None:
        return max(edge, float(legend.get_window_extent().y1) + _GAP)
    # A color bar splits the panel into columns of a grid of its own.
    above = next((each for each in (spec, spec.get_topmost_subplotspec()) if not each.is_last_row()), None)
    if above is None:
        return edge
    tops = above.get_gridspec().get_grid_positions(figure)[1]
    return edge + float(tops[above.rowspan.stop] * figure.bbox.height) + _TITLE / 72 * figure.dpi
