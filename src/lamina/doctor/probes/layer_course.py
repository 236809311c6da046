"""How each layer fared during a training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.course import Course, course
from lamina.training.monitor_record import MonitorRecord

__all__ = ["LayerCourse", "gradient_decay", "layer_courses"]


@dataclass(frozen=True, slots=True)
class LayerCourse:
    """A layer of units over the probes of a training; quantities as in :class:`lamina.training.monitor_record.Probes`.

    Attributes
    ----------
    name : str
    is_last : bool
        Whether it is the last layer in forward order.
    saturated, dead, zero, gradient_rms, gradient_zero, weight_norm, update_ratio, std, sum_std, distinct : Course
    pace : Course
        ‖Δw‖ / max(‖w‖, √units) of one step: like ``update_ratio``, but weights that are small, or have shrunk, do not count
        as fast. √units is about the norm of weights that keep variances (LeCun et al. 1998).
    non_finite : float
        Of all probes together.
    """

    name: str
    is_last: bool
    saturated: Course
    dead: Course
    zero: Course
    gradient_rms: Course
    gradient_zero: Course
    weight_norm: Course
    update_ratio: Course
    std: Course
    sum_std: Course
    distinct: Course
    pace: Course
    non_finite: float


_COURSES = (
    "saturated",
    "dead",
    "zero",
    "gradient_rms",
    "gradient_zero",
    "weight_norm",
    "update_ratio",
    "std",
    "sum_std",
    "distinct",
)


def layer_courses(record: MonitorRecord) -> tuple[LayerCourse, ...]:
    """The layers in forward order."""
    probes = record.probes
    last = len(record.layers) - 1
    return tuple(
        LayerCourse(
            name=name,
            is_last=place == last,
            pace=course(_paces(record, place)),
            non_finite=float(np.nansum(probes.non_finite[:, place])),
            **{key: course(getattr(probes, key)[:, place]) for key in _COURSES},
        )
        for place, name in enumerate(record.layers)
    )


def _paces(record: MonitorRecord, place: int) -> np.ndarray:
    probes = record.probes
    units = np.nanmax(np.append(probes.distinct[:, place], 1.0))
    with np.errstate(all="ignore"):
        return np.asarray(probes.update_norm[:, place] / np.fmax(probes.weight_norm[:, place], np.sqrt(units)))


def gradient_decay(record: MonitorRecord) -> Course:
    """The gradient of the first layer's sums over that of the last layer's; layers that are not trained need none."""
    rms, of_weights = record.probes.gradient_rms, record.probes.weight_gradient_norm
    if rms.shape[1] < 2:
        return course(np.empty(0))
    first = int(np.argmax(~np.isnan(of_weights).all(axis=0)))
    with np.errstate(all="ignore"):
        return course(rms[:, first] / rms[:, -1])
