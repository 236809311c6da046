"""A history as short HTML: its first, best and last epochs, and a line of the losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from lamina.html import chart, escaped, table

__all__ = ["history_html"]

_FIRST = ("epoch", "loss", "validation_loss", "objective")
_LAST = ("step", "duration_s")  # shown if there is room
_MOST = 8  # columns
_LOSSES = ("loss", "validation_loss")


def history_html(records: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """A table of a few epochs and an inline SVG of the losses over all of them.

    Parameters
    ----------
    records : sequence of dict
    keys : sequence of str
        All their keys.
    """
    if not records:
        return "<p>History: no epochs</p>"
    others = [key for key in keys if key not in (*_FIRST, *_LAST)]
    ordered = [*(key for key in _FIRST if key in keys), *others, *(key for key in _LAST if key in keys)]
    shown, left_out = ordered[:_MOST], ordered[_MOST:]
    rows = [[name, *(_text(records[place].get(key, "")) for key in shown)] for place, name in _named_epochs(records).items()]
    headers = ["", *(key.replace("_", " ") for key in shown)]
    caption = f"and {', '.join(key.replace('_', ' ') for key in left_out)}" if left_out else ""
    curves = {key.replace("_", " "): _curve(records, key) for key in _LOSSES if key in keys}
    count = f"{len(records):,} epoch" + "s" * (len(records) > 1)
    return f"<div><b>History</b>: {escaped(count)}{table(headers, rows, right=headers[1:], caption=caption)}{chart(curves)}</div>"


def _named_epochs(records: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What the first, the best and the last epoch are called, by their places; one epoch may be several of them."""
    names: dict[int, list[str]] = {0: ["first"]}
    for key in reversed(_LOSSES):
        losses = {place: loss for place, loss in enumerate(_curve(records, key)) if math.isfinite(loss)}
        if losses:
            names.setdefault(min(losses, key=lambda place: losses[place]), []).append(f"lowest {key.replace('_', ' ')}")
            break
    names.setdefault(len(records) - 1, []).append("last")
    return {place: ", ".join(names[place]) for place in sorted(names)}


def _curve(records: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    values = [record.get(key) for record in records]
    return [float(value) if isinstance(value, Real) else math.nan for value in values]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int) or not isinstance(value, Real) else f"{float(value):.4g}"
