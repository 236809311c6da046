"""Which weights of a perceptron's run are kept, other than the last: those in the pocket, or the mean over all steps."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engine import PerceptronRows, PerceptronRule

__all__ = ["Average", "KeptWeights", "Pocket"]


class KeptWeights(Protocol):
    """Follows a unit's epochs; ``weights`` are those kept so far, the bias last, ndarray of shape (d + 1,)."""

    weights: np.ndarray

    def follow(self, before: np.ndarray, after: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        """See an epoch that led from weights to others, in an ``order`` of rows, with ``mistakes`` at places of it."""


class _Changes:
    """What the rule's steps change: all weights within an epoch follow from the places of its mistakes."""

    def __init__(self, data: PerceptronRows, rule: PerceptronRule) -> None:
        self._X, self._steps, self._bias_rate = data.X, rule.learning_rate * data.target * data.weight, rule.bias_rate

    def __call__(self, rows: np.ndarray, times: np.ndarray | float = 1.0) -> np.ndarray:
        """The sum of the changes for mistakes at ``rows``, each taken so many times; float64 (d + 1,)."""
        steps = self._steps[rows] * times
        return np.append(self._X[rows].T @ steps, steps.sum() * self._bias_rate)


class Average:
    """The mean of the weights after every step so far (Freund & Schapire 1999); before the first, the start."""

    def __init__(self, data: PerceptronRows, rule: PerceptronRule, start: np.ndarray) -> None:
        self._changes = _Changes(data, rule)
        self._sum, self._steps = np.zeros_like(start, dtype=np.float64), 0
        self.weights = start

    def follow(self, before: np.ndarray, after: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        # A change made at place p of n is there after n - p of the n steps.
        self._sum += len(order) * before + self._changes(order[mistakes], len(order) - mistakes)
        self._steps += len(order)
        self.weights = self._sum / self._steps


class Pocket:
    """The weights that got most rows right, rows counting with their weight.

    Asked are those that survived longer than those in the pocket (Gallant 1990, the pocket algorithm with ratchet), and the last
    of every epoch.
    """

    def __init__(self, data: PerceptronRows, rule: PerceptronRule, start: np.ndarray) -> None:
        self._data, self._changes = data, _Changes(data, rule)
        self.weights = start
        self._accuracy = self._accuracy_of(start)
        self._longest = self._run = 0.0

    def follow(self, before: np.ndarray, after: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        survived = np.append(0.0, np.cumsum(self._data.weight[order]))
        begins, ends = np.append(0, mistakes + 1), np.append(mistakes, len(order))
        runs = survived[ends] - survived[begins]
        runs[0] += self._run
        w, known = before, 0
        for i in np.flatnonzero(runs[:-1] > self._longest).tolist():
            if runs[i] > self._longest:  # which may have grown meanwhile
                w, known = w + self._changes(order[mistakes[known:i]]), i
                self._offer(w, float(runs[i]))
        self._run = float(runs[-1])
        self._offer(after, self._run)
        if not len(mistakes):
            self.weights = after  # no row lies on their plane, as it may on the plane of others that are as accurate

    def _offer(self, w: np.ndarray, run: float) -> None:
        """Put weights into the pocket if they get more rows right."""
        accuracy = self._accuracy_of(w)
        if accuracy > self._accuracy:
            self.weights, self._accuracy, self._longest = w, accuracy, run

    def _accuracy_of(self, w: np.ndarray) -> float:
        """The weighted share of rows on the right side; rows on the plane are on that of the other classes."""
        w = w.astype(self._data.X.dtype)
        right = (self._data.X @ w[:-1] + w[-1] > 0) == (self._data.target > 0)
        return float(np.average(right, weights=self._data.weight))
