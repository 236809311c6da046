"""Which weights of a perceptron's run are kept instead of the last: the pocket weights, or the mean over all steps."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engine import PerceptronRows, PerceptronRule

__all__ = ["Average", "KeptWeights", "Pocket"]


class KeptWeights(Protocol):
    """Follows a unit's epochs; ``weights`` are those kept so far, the bias last, ndarray of shape (d + 1,)."""

    weights: np.ndarray

    def follow(self, before: np.ndarray, after: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        """Process an epoch that changed the weights from ``before`` to ``after``, with ``mistakes`` at positions in ``order``."""


class _Changes:
    """The changes made by the rule's steps: the positions of an epoch's mistakes determine all weights within it."""

    def __init__(self, data: PerceptronRows, rule: PerceptronRule) -> None:
        self._X, self._steps, self._bias_rate = data.X, rule.learning_rate * data.target * data.weight, rule.bias_rate

    def __call__(self, rows: np.ndarray, times: np.ndarray | float = 1.0) -> np.ndarray:
        """The sum of the changes for mistakes at ``rows``, each multiplied by ``times``; float64 (d + 1,)."""
        steps = self._steps[rows] * times
        return np.append(self._X[rows].T @ steps, steps.sum() * self._bias_rate)


class Average:
    """The mean of the weights over all steps so far (Freund & Schapire 1999); the initial weights before the first epoch."""

    def __init__(self, data: PerceptronRows, rule: PerceptronRule, start: np.ndarray) -> None:
        self._changes = _Changes(data, rule)
        self._sum, self._steps = np.zeros_like(start, dtype=np.float64), 0
        self.weights = start

    def follow(self, before: np.ndarray, after: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        # A change at position p of n is part of the weights after n - p of the n steps.
        self._sum += len(order) * before + self._changes(order[mistakes], len(order) - mistakes)
        self._steps += len(order)
        self.weights = self._sum / self._steps


class Pocket:
    """The weights with the highest (weighted) accuracy.

    Candidates are weights that survived longer than the pocket weights (Gallant 1990, the pocket algorithm with ratchet), and the
    last weights of every epoch.
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
            if runs[i] > self._longest:  # _longest may have grown meanwhile
                w, known = w + self._changes(order[mistakes[known:i]]), i
                self._offer(w, float(runs[i]))
        self._run = float(runs[-1])
        self._offer(after, self._run)
        if not len(mistakes):
            self.weights = after  # no row lies on their plane, unlike on that of other weights with the same accuracy

    def _offer(self, w: np.ndarray, run: float) -> None:
        """Put weights into the pocket if they are more accurate."""
        accuracy = self._accuracy_of(w)
        if accuracy > self._accuracy:
            self.weights, self._accuracy, self._longest = w, accuracy, run

    def _accuracy_of(self, w: np.ndarray) -> float:
        """The weighted fraction of rows on the right side; rows on the plane count as the side of the other classes."""
        w = w.astype(self._data.X.dtype)
        right = (self._data.X @ w[:-1] + w[-1] > 0) == (self._data.target > 0)
        return float(np.average(right, weights=self._data.weight))
