"""Numbers of a history over its epochs, as a chart: in notebooks and in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from lamina.html.figures import Axis, Chart, Series
from lamina.html.numbers import shown, thinned

__all__ = ["LOSSES", "chart_of_epochs", "course_of_key", "kept_mark"]

LOSSES: Mapping[str, str] = {
    "loss": "training",
    "validation_loss": "validation",
    "averaged_validation_loss": "validation, averaged",
}
"""The losses of a history, and what they are called side by side."""


def chart_of_epochs(
    records: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    title: str,
    label: str,
    mark: tuple[float, str] | None = None,
    most: int = 240,
) -> Chart:
    """Some keys of a history over its epochs.

    Parameters
    ----------
    records : sequence of dict
        One or more, with their ``epoch``.
    names : mapping of str to str
        The keys, and what each line is called.
    title, label : str
        Of the chart, and of its vertical axis.
    mark : tuple of (float, str), optional
        An epoch, and what it is.
    most : int, default=240
        The most points of a line.
    """
    epochs = [float(record.get("epoch", place + 1)) for place, record in enumerate(records)]
    series = [Series(name, *thinned(epochs, course_of_key(records, key), most)) for key, name in names.items()]
    known = {each.name: [value for value in each.y if math.isfinite(value)] for each in series}
    course = "; ".join(f"{name} from {shown(of[0])} to {shown(of[-1])}" for name, of in known.items() if of)
    count = f"{len(records):,} epoch{'s' if len(records) > 1 else ''}"
    return Chart(title, f"{course}, in {count}.", Axis("epoch", is_whole=True), Axis(label), tuple(series), mark)


def course_of_key(records: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """A key's value in each record; NaN where it is no number."""
    values = [record.get(key) for record in records]
    return [float(value) if isinstance(value, Real) else math.nan for value in values]


def kept_mark(epoch: int | None) -> tuple[float, str] | None:
    """The mark of the epoch whose weights were kept; none where it is not known, or lies before the first.

    >>> kept_mark(3), kept_mark(0), kept_mark(None)
    ((3.0, 'kept: epoch 3'), None, None)
    """
    return (float(epoch), f"kept: epoch {epoch}") if epoch else None
