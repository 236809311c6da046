"""How often, and how far, gradients were clipped."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.doctor.probes.course import Course, course
from lamina.training.monitor_record import MonitorRecord

__all__ = ["ClippingCourse", "clipping_course"]


@dataclass(frozen=True, slots=True)
class ClippingCourse:
    """Clipping over the epochs; NaN without.

    Attributes
    ----------
    share : Course
        The share of an epoch's steps whose gradient was clipped.
    factor : Course
        The mean factor by which it was shortened.
    """

    share: Course
    factor: Course


def clipping_course(record: MonitorRecord) -> ClippingCourse:
    """The course of a record."""
    return ClippingCourse(course(record.clipped_share), course(record.clipping_factor))
