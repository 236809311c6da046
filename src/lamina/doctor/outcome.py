"""How good a trained model is, on its training rows and on held-out ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Outcome", "constant_errors", "row_errors"]

_MARGIN, _MARGIN_OF_NUMBERS = 0.03, 0.08  # differences of accuracy and of R squared that nobody would call a fault
_STANDARD_ERRORS = 2.5
_FEWEST_ROWS = 5  # to tell chance by
_FEW_ROWS, _WORTH_KNOWING = 300, 0.05  # on so few rows, a difference as large may look like none


def _no_labels() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of a trained model: accuracy of labels, R squared of numbers; −infinity where training failed.

    Attributes
    ----------
    train, held_out : float
        On the training rows, and on rows that training never saw.
    constant : float
        On the held-out rows, of the prediction that is best without inputs: the commonest label, or the mean.
    errors : ndarray of shape (n,)
        The error of each held-out row: 0 or 1 of labels, the squared error relative to the variance of numbers.
    of_labels : bool
    truth, said : ndarray of shape (n,)
        The label of each held-out row, and the one that was predicted; empty of numbers, and of several labels.
    """

    train: float
    held_out: float
    constant: float
    errors: np.ndarray = field(repr=False, compare=False)
    of_labels: bool = True
    truth: np.ndarray = field(default_factory=_no_labels, repr=False, compare=False)
    said: np.ndarray = field(default_factory=_no_labels, repr=False, compare=False)

    @property
    def margin(self) -> float:
        """The difference to another score from which on it counts."""
        return _MARGIN if self.of_labels else _MARGIN_OF_NUMBERS

    @property
    def learned(self) -> float:
        """The share of what a constant prediction leaves open: 0 is as good as a constant, 1 is perfect, on held-out rows."""
        open_part = 1.0 - self.constant
        return (self.held_out - self.constant) / open_part if open_part > 0 else 0.0

    def is_behind(self, other: Outcome) -> bool:
        """Whether it is worse than another on the same held-out rows, by more than chance explains, and by more than 0.03 of the
        accuracy or 0.08 of R squared.

        Chance is judged row by row, since the same rows are hard for both: by 2.5 standard errors of the mean difference.
        """
        if not math.isfinite(self.held_out) or not math.isfinite(other.held_out):
            return math.isfinite(other.held_out)
        difference, chance = self.lead_of(other)
        return difference > max(_STANDARD_ERRORS * chance, self.margin)

    def is_doubtful(self, other: Outcome) -> bool:
        """Whether more rows may tell: it is worse than another, or, on few rows, may be, but not by more than chance explains."""
        if not math.isfinite(self.held_out) or not math.isfinite(other.held_out) or self.is_behind(other):
            return False
        difference, chance = self.lead_of(other)
        may_hide = len(self.errors) < _FEW_ROWS and difference + _STANDARD_ERRORS * chance > _WORTH_KNOWING
        return difference > self.margin or may_hide

    def lead_of(self, other: Outcome) -> tuple[float, float]:
        """How much better another is on the same rows, and the standard error of that."""
        differences = self.errors - other.errors
        few = len(differences) < _FEWEST_ROWS
        return float(differences.mean()), math.inf if few else float(differences.std(ddof=1)) / math.sqrt(len(differences))

    @classmethod
    def joined(cls, parts: Sequence[Outcome]) -> Outcome:
        """The outcome over several splits: scores are means, errors those of all held-out rows."""
        if len(parts) == 1:
            return parts[0]
        train, held_out, constant = (
            float(np.mean([getattr(part, name) for part in parts])) for name in ("train", "held_out", "constant")
        )
        errors, truth, said = (np.concatenate([getattr(part, name) for part in parts]) for name in ("errors", "truth", "said"))
        return cls(train, held_out, constant, errors, parts[0].of_labels, truth, said)


def row_errors(truth: Any, predicted: Any, *, of_labels: bool) -> np.ndarray:
    """The error of each row.

    Parameters
    ----------
    truth, predicted : array of shape (n,) or (n, k)
    of_labels : bool
        0 or 1, the mean over several labels; otherwise squared errors relative to the variance, the mean over several targets.

    Returns
    -------
    ndarray of shape (n,)
    """
    truth, predicted = (np.asarray(array) for array in (truth, predicted))
    truth, predicted = truth.reshape(len(truth), -1), predicted.reshape(len(predicted), -1)
    if of_labels:
        return np.asarray((truth != predicted).mean(axis=1))
    spread = truth.astype(float).var(axis=0)
    squares = (truth.astype(float) - predicted.astype(float)) ** 2
    return np.asarray((squares / np.where(spread > 0, spread, 1.0)).mean(axis=1))


def constant_errors(known: Any, truth: Any, *, of_labels: bool) -> np.ndarray:
    """The errors of ``truth`` when each row is predicted by what is commonest among, or the mean of, the ``known`` targets."""
    known = np.asarray(known).reshape(len(known), -1)
    if of_labels:
        columns = [np.unique(column, return_counts=True) for column in known.T]
        constant = np.array([values[counts.argmax()] for values, counts in columns])
    else:
        constant = known.astype(float).mean(axis=0)
    return row_errors(truth, np.broadcast_to(constant, (len(truth), len(constant))), of_labels=of_labels)
