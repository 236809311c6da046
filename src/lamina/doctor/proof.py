"""The proof: a model as it was and with a therapy, judged with several seeds on rows by which nothing was chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result, Trial

__all__ = ["Proof", "Scores", "judged", "prove"]

_GAIN = 0.01  # what is less is not worth a change


@dataclass(frozen=True, slots=True)
class Scores:
    """Held-out scores of several trainings, one for each seed; larger is better, −infinity where training failed.

    Examples
    --------
    >>> print(Scores((0.9, 0.92)))
    0.910 ± 0.014
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds; NaN where a training failed."""
        return float(np.std(self.values, ddof=1)) if math.isfinite(self.mean) else math.nan

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.spread:.3f}" if math.isfinite(self.mean) else "training failed"


@dataclass(frozen=True, eq=False, slots=True)
class Proof:
    """The trainings of a model as it was, and with a therapy, seed by seed.

    Attributes
    ----------
    as_it_was, treated : tuple of Result
    """

    as_it_was: tuple[Result, ...]
    treated: tuple[Result, ...]

    @property
    def before(self) -> Scores:
        return _scores(self.as_it_was)

    @property
    def after(self) -> Scores:
        return _scores(self.treated)

    @property
    def holds(self) -> bool:
        """Whether the mean difference is larger than 0.01, and than its standard error over seeds and over rows."""
        after, before = (np.array([result.values for result in results]) for results in (self.treated, self.as_it_was))
        if not np.isfinite(after).all():
            return False
        if not np.isfinite(before).all():
            return True
        differences = after - before
        by_seed, by_row = differences.mean(axis=1), differences.mean(axis=0)
        chance = max(float(by.std(ddof=1)) / math.sqrt(len(by)) for by in (by_seed, by_row))
        return float(differences.mean()) > max(_GAIN, chance)


def prove(trial: Trial, therapy: Therapy, rows: np.ndarray, seeds: int) -> Proof:
    """Train with and without a therapy, with each of so many seeds, and judge on these rows."""
    return Proof(_verified(trial, Therapy(), rows, seeds), _verified(trial, therapy, rows, seeds))


def judged(trial: Trial, therapy: Therapy, rows: np.ndarray, seeds: int) -> Scores:
    """The scores of a therapy alone."""
    return _scores(_verified(trial, therapy, rows, seeds))


def _verified(trial: Trial, therapy: Therapy, rows: np.ndarray, seeds: int) -> tuple[Result, ...]:
    return tuple(trial.verify(therapy, rows, number) for number in range(seeds))


def _scores(results: tuple[Result, ...]) -> Scores:
    return Scores(tuple(result.score for result in results))
