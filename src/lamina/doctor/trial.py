"""The trial: trains a patient with therapies on a part of its rows, and judges them on others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.data.splits import holdout
from lamina.doctor.judgement import judge, sureness
from lamina.doctor.meter import Meter
from lamina.doctor.patients import Patient
from lamina.doctor.rows import strata, take_rows
from lamina.doctor.therapy import Therapy
from lamina.errors import LaminaError

__all__ = ["Result", "Trial"]

_HELD_OUT = 0.25
_WEIGHT_OF_SURENESS = 0.05
_FEWEST_EPOCHS = 10  # of a short run


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """What came of one training.

    Attributes
    ----------
    therapy : Therapy
    values : ndarray of shape (n,)
        How right it is about each held-out row.
    sureness : float
        The mean log-likelihood of the held-out labels, at least −3; 0 where there are no probabilities.
    share : float
        Of its epochs.
    problem : str
        Why it could not be trained, or "".
    """

    therapy: Therapy
    values: np.ndarray
    sureness: float
    share: float
    problem: str = ""

    @property
    def score(self) -> float:
        mean = float(self.values.mean())
        return mean if math.isfinite(mean) else -math.inf

    @property
    def rank(self) -> float:
        """The score by which therapies are compared: few rows leave many accuracies equal, which how sure it is then decides."""
        return self.score + _WEIGHT_OF_SURENESS * self.sureness


@dataclass(eq=False)
class Trial:
    """Trainings with common rows and seeds, counted.

    Parameters
    ----------
    patient : Patient
    X, y : rows and their targets
    rows : ndarray of int
        The rows by which cures are chosen; all others are only verified on.
    score : str
    seed : int
    """

    patient: Patient
    X: Any
    y: np.ndarray
    rows: np.ndarray
    score: str
    seed: int
    meter: Meter = field(default_factory=Meter)

    def choose(self, therapy: Therapy, split: int, share: float = 1.0) -> Result:
        """Train for a share of the epochs on three quarters of the rows, drawn anew for each ``split``; judge on the others."""
        chosen = self.y[self.rows]
        labels = strata(chosen, of_labels=self.patient.learns_labels)
        kept, held = holdout(len(chosen), _HELD_OUT, seed=self._seed(split), labels=labels)
        return self._train(therapy, self.rows[kept], self.rows[held], self._seed(split), share)

    def verify(self, therapy: Therapy, rows: np.ndarray, number: int) -> Result:
        """Train on all rows to choose by, with one of several seeds, and judge on rows that were never chosen by."""
        return self._train(therapy, self.rows, rows, self._seed(1000 + number), 1.0)

    def _seed(self, number: int) -> int:
        return int(np.random.default_rng([self.seed, number]).integers(2**31 - 1))

    def _train(self, therapy: Therapy, train: np.ndarray, held: np.ndarray, seed: int, share: float) -> Result:
        judged = take_rows(self.X, held), self.y[held]
        try:
            patient = self.patient.changed(therapy.changes).on_rows(train).seeded(seed)
            if share < 1:
                fewest = min(patient.max_epochs, _FEWEST_EPOCHS)
                patient = patient.changed({"epochs": max(math.ceil(share * patient.max_epochs), fewest)})
            model, problem = patient.train(take_rows(self.X, train), self.y[train], self.meter)
            values = judge(patient, model, *judged, self.score, level=self.patient.level)  # also if a cure has another loss
            return Result(therapy, values, sureness(patient, model, *judged), share, problem)
        except (LaminaError, ValueError) as error:  # scikit-learn's steps raise ValueError
            if not therapy.cures:
                raise
            return Result(therapy, judge(self.patient, None, *judged, self.score), 0.0, share, str(error))
