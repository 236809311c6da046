"""How each layer fared during training: gradients, outputs, updates and densities over time."""

from __future__ import annotations

import math

import numpy as np

from lamina.html.numbers import floats, shown, thinned
from lamina.report.content import Axis, Block, Chart, Heat, Part, Series, Words
from lamina.report.subject import Subject
from lamina.training import MonitorRecord

__all__ = ["layers"]

_MOST_LAYERS = 6
_MOST_MOMENTS = 48
# quantity, title, label, whether the axis is logarithmic
_COURSES = (
    ("gradient_rms", "Gradients", "root mean square of ∂loss/∂sum", True),
    ("std", "Spread of outputs", "standard deviation of outputs", False),
    ("update_ratio", "Relative updates", "‖Δw‖ / ‖w‖ of a step", True),
    ("dead", "Dead units", "share of units that are flat in every row", False),
    ("saturated", "Saturated units", "share of sums where the unit is flat", False),
)


def layers(subject: Subject) -> Part:
    """A chart a quantity with a line a layer, and for each layer how its sums spread over time."""
    record, title = subject.record, "Inside the network"
    if record is None:
        repair = "The model keeps no record of its layers: train it with the monitor, which is on by default."
        return Part("layers", title, (Words(repair, "missing"),))
    shown_layers = _some(record)
    blocks: list[Block] = [Words(_introduction(record, shown_layers))]
    blocks += [chart for course in _COURSES if (chart := _course(record, shown_layers, *course)) is not None]
    blocks += [_density(record, place) for place in shown_layers if _is_trained(record, place)]
    return Part("layers", title, tuple(blocks))


def _introduction(record: MonitorRecord, places: list[int]) -> str:
    few = "" if len(places) == len(record.layers) else f" Of {len(record.layers)} layers, {len(places)} are drawn."
    looks = f"During {record.num_steps:,} steps, the network was looked at {record.num_probes} times on rows of its batches."
    return f"{looks} From inputs to outputs, layers are in this order: {', '.join(record.layers)}.{few}"


def _some(record: MonitorRecord) -> list[int]:
    """Of many layers, as many as can be told apart, evenly spaced from the first to the last."""
    count = len(record.layers)
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, _MOST_LAYERS)).tolist()}) if count else []


def _is_trained(record: MonitorRecord, place: int) -> bool:
    """Whether a layer has weights that change, and its sums were looked at."""
    seen = record.probes
    return bool(np.isfinite(seen.update_norm[:, place]).any() and np.isfinite(seen.histogram[:, place]).any())


def _course(record: MonitorRecord, places: list[int], quantity: str, title: str, label: str, is_log: bool) -> Chart | None:
    values = getattr(record.probes, quantity)
    steps = record.probes.steps.astype(float).tolist()
    series = []
    for place in places:
        known = np.isfinite(values[:, place]) & ((values[:, place] > 0) | (not is_log))
        if known.any():
            x, y = thinned(steps, np.where(known, values[:, place], math.nan).tolist(), 120)
            series.append(Series(record.layers[place], x, y))
    if not series or (quantity in ("dead", "saturated") and not any(any(value > 0 for value in s.y) for s in series)):
        return None
    ends = []
    for each in series:
        last = [value for value in each.y if math.isfinite(value)]
        ends.append(f"{each.name} {shown(last[-1])}")
    bounds = (0.0, 1.0) if quantity in ("dead", "saturated") else None
    return Chart(
        title, f"At the end: {', '.join(ends)}.", Axis("step", is_whole=True), Axis(label, is_log, bounds), tuple(series)
    )


def _density(record: MonitorRecord, place: int) -> Heat:
    probes = record.probes
    known = np.flatnonzero(np.isfinite(probes.histogram[:, place]).all(axis=1))
    chosen = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), _MOST_MOMENTS)).round().astype(int))]
    shares = probes.histogram[chosen, place]
    spread = probes.sum_std[chosen, place]
    told = f"The sums' standard deviation went from {shown(float(spread[0]))} to {shown(float(spread[-1]))}."
    return Heat(
        f"Weighted sums of {record.layers[place]}",
        told,
        Axis("step"),
        floats(probes.steps[chosen]),
        Axis("weighted sum"),
        floats(record.bins),
        tuple(tuple(round(float(share), 4) for share in row) for row in shares),
    )
