"""The control of a treatment: a random search over the same settings, at equal cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.doctor.cures.ranges import random_cure
from lamina.doctor.search import halve, num_first
from lamina.doctor.setup import Setup
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Trial

__all__ = ["Cost", "random_search"]


class Cost(NamedTuple):
    """What trainings took."""

    trainings: int
    row_epochs: int


def random_search(trial: Trial, setup: Setup, cost: Cost) -> Therapy:
    """The best of therapies drawn at random (Bergstra & Bengio 2012), by halving with as many trainings, rows and epochs."""
    rng = np.random.default_rng([trial.seed, 2000])
    sizes = {"num_hidden": len(setup.hidden_widths), "num_rows": len(trial.rows) // 2}
    drawn = [random_cure(trial.patient.words, rng, **sizes) for _ in range(num_first(cost.trainings))]
    best = halve(trial, [Therapy((cure,)) for cure in drawn], *cost)[0]
    return Therapy() if best.has_failed else best.therapy
