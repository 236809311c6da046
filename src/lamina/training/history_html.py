"""A history as short HTML: its first, best and last epochs, and its losses as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from lamina.errors import counted
from lamina.html import display, figure, paragraph, table
from lamina.training.history_chart import LOSSES, chart_of_epochs, course_of_key, kept_mark

__all__ = ["history_html", "loss_figure"]

_FIRST = ("epoch", "loss", "validation_loss", "objective")
_LAST = ("step", "duration_s")  # shown if there is room
_MOST = 8  # columns
_POINTS, _MOST_OF_LINE = 130, 120  # of all lines of a chart: a display is kept short


def history_html(records: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """A table of a few epochs and a chart of the losses over all of them.

    Parameters
    ----------
    records : sequence of dict
    keys : sequence of str
        All their keys.
    """
    if not records:
        return display("History: no epochs")
    others = [key for key in keys if key not in (*_FIRST, *_LAST)]
    ordered = [*(key for key in _FIRST if key in keys), *others, *(key for key in _LAST if key in keys)]
    shown, left_out = ordered[:_MOST], ordered[_MOST:]
    rows = [[name, *(_text(records[place].get(key, "")) for key in shown)] for place, name in _named_epochs(records).items()]
    headers = ["", *map(_words, shown)]
    more = [paragraph(f"and {', '.join(map(_words, left_out))}", "soft")] if left_out else []
    drawn = table(headers, rows, right=headers[1:])
    return display(f"History: {counted(len(records), 'epoch')}", drawn, *more, loss_figure(records))


def loss_figure(records: Sequence[Mapping[str, Any]], kept: int | None = None) -> str:
    """The losses over the epochs, with a mark at the one whose weights were kept; nothing where no loss is finite.

    Parameters
    ----------
    records : sequence of dict
    kept : int, optional
        By default the lowest validation loss is marked, as what it is.
    """
    names = {key: name for key, name in LOSSES.items() if any(map(math.isfinite, course_of_key(records, key)))}
    if not names:
        return ""
    mark = kept_mark(kept) if kept is not None else _lowest_mark(records)
    return figure(chart_of_epochs(records, names, "Loss", "loss", mark, min(_MOST_OF_LINE, _POINTS // len(names))))


def _lowest_mark(records: Sequence[Mapping[str, Any]]) -> tuple[float, str] | None:
    place = _lowest(records, "validation_loss")
    if place is None:
        return None
    epoch = records[place].get("epoch", place + 1)
    return float(epoch), f"lowest: epoch {epoch}"


def _named_epochs(records: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What the first, the best and the last epoch are called, by their places; one epoch may be several of them."""
    names: dict[int, list[str]] = {0: ["first"]}
    for key in ("validation_loss", "loss"):
        place = _lowest(records, key)
        if place is not None:
            names.setdefault(place, []).append(f"lowest {_words(key)}")
            break
    names.setdefault(len(records) - 1, []).append("last")
    return {place: ", ".join(names[place]) for place in sorted(names)}


def _lowest(records: Sequence[Mapping[str, Any]], key: str) -> int | None:
    losses = {place: loss for place, loss in enumerate(course_of_key(records, key)) if math.isfinite(loss)}
    return min(losses, key=losses.__getitem__, default=None)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int) or not isinstance(value, Real) else f"{float(value):.4g}"
