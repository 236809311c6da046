"""Titles and labels no longer than their axes: longer ones get smaller letters, and then a title gets more lines."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["fit_texts", "say_if_empty"]

_LEAST = 8.0  # points of letters
_MOST_FOR_TITLE = 0.4  # of the height of given axes


def fit_texts(drawn: object) -> None:
    """Fit titles and labels of the drawn Axes, or of a list of them, into their length as far as legible letters allow.

    In a figure with matplotlib's layout engine the axes may still change a little afterwards. What is no Axes is left alone.
    """
    from matplotlib.axes import Axes

    for ax in drawn if isinstance(drawn, list) else [drawn]:
        if isinstance(ax, Axes):
            _fit(ax)


def _fit(ax: Axes) -> None:
    box = ax.get_window_extent()
    title = next((text for text in _titles(ax) if text.get_text()), None)
    if title is not None:
        _shrink(title, box.width)
        _wrap(title, box.width)
        _make_room(ax, title)
    _shrink(ax.xaxis.label, box.width)
    _shrink(ax.yaxis.label, box.height)


def say_if_empty(ax: Axes, words: str) -> None:
    """Put words into the middle of the axes if no line has a point that can be seen."""
    is_log = ax.get_yscale() == "log"
    heights = (np.asarray(line.get_ydata(), dtype=np.float64) for line in ax.lines)
    if not any((np.isfinite(each) & ((each > 0) | (not is_log))).any() for each in heights):
        ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center")


def _titles(ax: Axes) -> list[Text]:
    """The texts above the axes; matplotlib has no public way to a title at the left."""
    from matplotlib.text import Text

    texts = {ax.get_title(loc=place) for place in ("left", "center", "right")} - {""}
    return [
        child for child in ax.get_children() if isinstance(child, Text) and child not in ax.texts and child.get_text() in texts
    ]


def _shrink(text: Text, length: float) -> None:
    """Make the letters smaller, down to the least, until the text is at most ``length`` pixels long."""
    size = float(text.get_fontsize())
    if (drawn := _length(text)) > length:
        text.set_fontsize(max(min(_LEAST, size), math.floor(size * length / drawn)))


def _wrap(text: Text, length: float) -> None:
    """Break the text into lines of at most ``length`` pixels; a longer word stays whole."""
    if (drawn := _length(text)) > length:
        words = text.get_text()
        text.set_text("\n".join(textwrap.wrap(words, max(1, int(len(words) * length / drawn)), break_long_words=False)))


def _make_room(ax: Axes, title: Text) -> None:
    """Lower the top of the axes where a title of several lines would leave a figure without a layout engine."""
    figure, spec = cast("Figure", ax.figure), ax.get_subplotspec()
    over = title.get_window_extent().y1 - figure.bbox.y1
    if over > 0 and spec is not None and figure.get_layout_engine() is None:
        share = min(_MOST_FOR_TITLE, over / ax.get_window_extent().height)
        ax.set_subplotspec(spec.subgridspec(2, 1, height_ratios=[share, 1 - share], hspace=0)[1])


def _length(text: Text) -> float:
    """How long the text is in pixels, whichever way it runs."""
    box = text.get_window_extent()
    return float(max(box.width, box.height)) if text.get_text() else 0.0
