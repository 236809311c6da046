"""The rows of a training on a part of them, which is to be like that on all."""

from __future__ import annotations

import numpy as np

from lamina.data.splits import holdout
from lamina.doctor.patients import Patient

__all__ = ["in_like_batches"]

_MOST_LEFT_OUT = 0.1  # of the rows to train on


def in_like_batches(patient: Patient, kept: np.ndarray, count: int, *, seed: int, labels: np.ndarray | None) -> np.ndarray:
    """The rows to train on, less the few that would make the last batch of an epoch unlike that of a training on all rows.

    A penalty is divided by the rows of a batch, so a last batch of 2 rows has 16 times the penalty of 32, and batch norm of 2
    rows is noise: what a patient is not to be judged by, unless its user's training has it too.

    Parameters
    ----------
    patient : Patient
    kept : ndarray of int
        In ascending order.
    count : int
        All rows.
    seed : int
        Draws those to leave out.
    labels : ndarray of shape (len(kept),), optional
        Classes, the same share of each of which is left out.
    """
    aim = patient.last_batch(count)

    def distance(left_out: int) -> int:
        return abs(patient.last_batch(len(kept) - left_out) - aim)

    left_out = min(range(int(_MOST_LEFT_OUT * len(kept)) + 1), key=distance)
    return kept if not left_out else kept[holdout(len(kept), left_out / len(kept), seed=seed, labels=labels)[0]]
