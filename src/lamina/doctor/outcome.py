"""How good a trained model is, on its training rows and on held-out ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import stdtrit

__all__ = ["Outcome", "constant_errors", "largest_errors", "row_errors", "row_log_losses"]

_MARGIN, _MARGIN_OF_NUMBERS = 0.05, 0.1  # differences of accuracy and of R squared that nobody would call a fault
_MARGIN_OF_LOG_LOSS = 0.2  # twice that of networks whose answers are as good
_LARGEST_LOG_LOSS = 10.0  # of a row, so that no single one decides
_CHANCE = 0.006  # 2.5 standard errors of many rows
_FEWEST_ROWS = 5  # to tell chance by
_MOST_DEVIATIONS = 5.0  # that a row's error counts, and a target lies off
# Of a normal distribution: deviations between the quartiles, and the deviation over the mean distance.
_BETWEEN_QUARTILES, _DEVIATION_OF_MEAN = 1.349, 1.253


def _nothing() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of a trained model: accuracy of labels, R squared of numbers; −infinity where training failed.

    No row decides about numbers: errors, and distances of targets from their median, count 5 robust deviations at most.

    Attributes
    ----------
    train, held_out : float
        On the training rows, and on rows that training never saw.
    constant : float
        On the held-out rows, of the prediction that is best without inputs: the commonest label, or the mean.
    errors : ndarray of shape (n,)
        The error of each held-out row; see :func:`row_errors`.
    of_labels : bool
    log_losses : ndarray of shape (n,)
        Minus the logarithm of the probability of each held-out row's class, 10 at most; empty without probabilities.
    truth, said : ndarray of shape (n,)
        The label of each held-out row, and the one that was predicted; empty of numbers, and of several labels.
    level : float or None
        The quantile that is predicted, if it is another one than the median: scores are then the share of the quantile loss of
        the best constant that is avoided.
    """

    train: float
    held_out: float
    constant: float
    errors: np.ndarray = field(repr=False, compare=False)
    of_labels: bool = True
    log_losses: np.ndarray = field(default_factory=_nothing, repr=False, compare=False)
    truth: np.ndarray = field(default_factory=_nothing, repr=False, compare=False)
    said: np.ndarray = field(default_factory=_nothing, repr=False, compare=False)
    level: float | None = None

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
        """Whether it is worse than another on the same held-out rows, by more than chance explains, and by more than 0.05 of the
        accuracy or 0.1 of R squared.
        """
        if not math.isfinite(self.held_out) or not math.isfinite(other.held_out):
            return math.isfinite(other.held_out)
        lead, chance = self.lead_of(other)
        return lead > max(chance, self.margin)

    def is_oversure_beside(self, other: Outcome) -> bool:
        """Whether its log loss is higher than another's on the same rows, by more than 0.2 and chance together."""
        if not len(self.log_losses) == len(other.log_losses) >= _FEWEST_ROWS:
            return False
        lead, chance = _mean_and_chance(self.log_losses - other.log_losses, _CHANCE)
        return lead > _MARGIN_OF_LOG_LOSS + chance

    def lead_of(self, other: Outcome, p: float = _CHANCE) -> tuple[float, float]:
        """How much better another is on the same rows, and what chance alone exceeds with probability ``p``.

        Chance is judged row by row, since the same rows are hard for both: by Student's t of the differences of errors. Of labels
        it is one row's at least: that few rows are answered alike does not show that all would be.
        """
        return _mean_and_chance(self.errors - other.errors, p, least=1.0 if self.of_labels else 0.0)

    @classmethod
    def joined(cls, parts: Sequence[Outcome]) -> Outcome:
        """The outcome over several splits: scores are means, errors those of all held-out rows."""
        if len(parts) == 1:
            return parts[0]
        train, held_out, constant = (
            float(np.mean([getattr(part, name) for part in parts])) for name in ("train", "held_out", "constant")
        )
        errors, log_losses, truth, said = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("errors", "log_losses", "truth", "said")
        )
        return cls(train, held_out, constant, errors, parts[0].of_labels, log_losses, truth, said, parts[0].level)


def _mean_and_chance(differences: np.ndarray, p: float, least: float = 0.0) -> tuple[float, float]:
    """The mean, and what it exceeds by chance; a standard error is at least that of a single row that differs by ``least``."""
    n = len(differences)
    if n < _FEWEST_ROWS:
        return float(differences.mean()), math.inf
    error = max(float(differences.std(ddof=1)) / math.sqrt(n), least / n)
    return float(differences.mean()), float(stdtrit(n - 1, 1 - p)) * error


def row_errors(truth: Any, predicted: Any, *, of_labels: bool, level: float | None = None) -> np.ndarray:
    """The error of each row.

    Parameters
    ----------
    truth, predicted : array of shape (n,) or (n, k)
    of_labels : bool
        0 or 1, the mean over several labels; otherwise squared errors relative to the variance, the mean over several targets,
        both without what lies more than 5 robust deviations off.
    level : float, optional
        The quantile that is predicted: the quantile loss takes the place of the square, and that of the constant which is best
        on these rows takes the place of the variance (Koenker & Machado 1999).

    Returns
    -------
    ndarray of shape (n,)
    """
    truth, predicted = (np.asarray(array) for array in (truth, predicted))
    truth, predicted = truth.reshape(len(truth), -1), predicted.reshape(len(predicted), -1)
    if of_labels:
        return np.asarray((truth != predicted).mean(axis=1))
    truth, predicted = truth.astype(float), predicted.astype(float)
    bounded, most = _bounded(truth), largest_errors(truth)
    distances = np.clip(truth - predicted, -most, most)
    if level is None:
        losses, scale = distances**2, bounded.var(axis=0)
    else:
        losses, scale = _tilted(distances, level), _tilted(bounded - np.quantile(bounded, level, axis=0), level).mean(axis=0)
    return np.asarray((losses / np.where(scale > 0, scale, 1.0)).mean(axis=1))


def _tilted(distances: np.ndarray, level: float) -> np.ndarray:
    """The quantile loss of distances of targets from predictions."""
    return np.maximum(level * distances, (level - 1) * distances)


def row_log_losses(truth: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability of each row's class (n,), 10 at most; a class that was never seen has none."""
    place = np.searchsorted(classes, truth.ravel()).clip(max=len(classes) - 1)
    of_truth = np.where(classes[place] == truth.ravel(), probabilities[np.arange(len(truth)), place], 0.0)
    with np.errstate(all="ignore"):
        return np.asarray(np.fmin(-np.log(np.nan_to_num(of_truth)), _LARGEST_LOG_LOSS))


def constant_errors(known: Any, truth: Any, *, of_labels: bool, level: float | None = None) -> np.ndarray:
    """The errors of ``truth`` when each row is predicted by what is commonest among the ``known`` targets, or by their mean, or
    their quantile at a ``level``.
    """
    known = np.asarray(known).reshape(len(known), -1)
    if of_labels:
        columns = [np.unique(column, return_counts=True) for column in known.T]
        constant = np.array([values[counts.argmax()] for values, counts in columns])
    else:
        bounded = _bounded(known.astype(float))
        constant = bounded.mean(axis=0) if level is None else np.quantile(bounded, level, axis=0)
    said = np.broadcast_to(constant, (len(truth), len(constant)))
    return row_errors(truth, said, of_labels=of_labels, level=level)


def largest_errors(targets: np.ndarray) -> np.ndarray:
    """The largest error that counts of each column (k,) of targets (n, k): 5 robust deviations."""
    return np.asarray(_MOST_DEVIATIONS * _deviation(targets))


def _bounded(targets: np.ndarray) -> np.ndarray:
    """Targets (n, k), each moved to within 5 robust deviations of the median."""
    middle, most = np.median(targets, axis=0), largest_errors(targets)
    return np.asarray(np.clip(targets, middle - most, middle + most))


def _deviation(targets: np.ndarray) -> np.ndarray:
    """The robust deviation of each column (k,): by the quartiles or, where most targets are equal, by the mean distance."""
    low, middle, high = np.quantile(targets, (0.25, 0.5, 0.75), axis=0)
    by_mean = _DEVIATION_OF_MEAN * np.abs(targets - middle).mean(axis=0)
    most_are_equal = (targets == middle).mean(axis=0) > 0.5  # then quartiles are close, whatever the others are
    return np.asarray(np.where(most_are_equal | (high == low), by_mean, (high - low) / _BETWEEN_QUARTILES))
