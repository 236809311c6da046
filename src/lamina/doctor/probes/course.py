"""The course of a number over the probes of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Course", "course"]


@dataclass(frozen=True, slots=True)
class Course:
    """A number at the probes of a training; NaN where it was never measured.

    Attributes
    ----------
    first : float
    early, late : float
        Medians of the first and of the last third of the probes: what lasts, not what one probe happened to show.
    smallest, largest : float
    last : float
    """

    first: float
    early: float
    late: float
    smallest: float
    largest: float
    last: float

    @property
    def growth(self) -> float:
        """``late`` over ``first``."""
        return self.late / self.first if self.first else math.nan


def course(values: np.ndarray) -> Course:
    """The course of an ndarray of shape (probes,); NaN entries are left out.

    >>> found = course(np.array([1.0, 2.0, 4.0, 3.0, np.nan, 9.0, 9.0]))
    >>> found.first, found.early, found.late, found.largest, found.last
    (1.0, 1.5, 9.0, 9.0, 9.0)
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return Course(*(math.nan,) * 6)
    third = -(-len(known) // 3)
    early, late = float(np.median(known[:third])), float(np.median(known[-third:]))
    return Course(float(known[0]), early, late, float(known.min()), float(known.max()), float(known[-1]))
