"""One perceptron as it learns: its weights in the engine, what it got wrong, and the weights worth keeping."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine import Batches, StepValues, TrainingPlan, make_executor
from lamina.layers import Dense
from lamina.losses import PerceptronLoss
from lamina.network import Sequential
from lamina.optimizers import GradientDescent

__all__ = ["ThresholdUnit"]


class ThresholdUnit:
    """A unit that learns by Rosenblatt's rule, one row a step (Rosenblatt 1958).

    ::

        if s (w·x + b) <= 0:   w ← w + η s x,   b ← b + η s        with s = +1 for rows of the class, −1 for all others

    Gradient descent on the perceptron's loss with batches of one row is this rule, so an epoch is one call of the engine. A
    row's weight multiplies η. The engine reports the gradient's norm of every step, which is not zero exactly where a mistake was
    made (the bias alone contributes 1): from the mistakes all weights in between are known, for averaging and for the pocket.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    sign : ndarray of shape (n,)
        −1 and +1.
    weight : ndarray of shape (n,)
        Of the rows, > 0.
    eta : float
        The learning rate.
    start : ndarray of shape (d + 1,)
        First weights, the bias last.
    engine : str

    Attributes
    ----------
    num_mistakes : int or None
        In the last epoch; None before the first.
    pocket : ndarray of shape (d + 1,)
        Weights enter it that get more rows right than those in it (rows count with their weight). Asked are those that survived
        longer than those in it (Gallant 1990, the pocket algorithm with ratchet), and the last of every epoch.
    """

    def __init__(self, X: Any, sign: np.ndarray, *, weight: np.ndarray, eta: float, start: np.ndarray, engine: str) -> None:
        self._X, self._sign, self._weight = X, sign.astype(X.dtype), weight
        network = Sequential([Dense(1)], input_width=X.shape[1])
        self._executor = make_executor(network.program(PerceptronLoss()), dtype=X.dtype, engine=engine)
        self._executor.configure(TrainingPlan(GradientDescent(eta).rule(), record_norms=True))
        self._executor.parameters[:] = start
        self._data = Batches([X], [np.ascontiguousarray(self._sign[:, np.newaxis])])
        self._rates = eta * weight
        self._step = 0
        self._sum = np.zeros(X.shape[1] + 1)
        self.num_mistakes: int | None = None
        self.pocket = start.copy()
        self._pocket_accuracy = self._accuracy(start)
        self._pocket_run = 0.0
        self._run = 0.0

    @property
    def weights(self) -> np.ndarray:
        """The present weights, the bias last, ndarray of shape (d + 1,)."""
        return self._executor.parameters.copy()

    @property
    def averaged(self) -> np.ndarray:
        """The mean of the weights after every step so far (Freund & Schapire 1999); before the first, the start."""
        return (self._sum / self._step).astype(self._X.dtype) if self._step else self.weights

    @property
    def is_done(self) -> bool:
        """Whether the last epoch had no mistake: no further one can change anything."""
        return self.num_mistakes == 0

    def learn(self, order: np.ndarray) -> None:
        """One epoch over the rows in the given order."""
        before = self.weights.astype(np.float64)
        result = self._executor.train(self._data, order, 1, self._step, StepValues(self._rates[order]))
        assert result.gradient_norms is not None
        mistakes = np.flatnonzero(result.gradient_norms)
        self._step += len(order)
        # A change made at place p of n is there after n - p of the n steps.
        self._sum += len(order) * before + self._changes(order[mistakes], len(order) - mistakes)
        self._fill_pocket(before, order, mistakes)
        self.num_mistakes = len(mistakes)

    def _changes(self, rows: np.ndarray, times: np.ndarray | float = 1.0) -> np.ndarray:
        """The sum of the rule's changes for mistakes at ``rows``, each taken so many times; float64 (d + 1,)."""
        changes = self._rates[rows] * self._sign[rows] * times
        return np.append(self._X[rows].T @ changes, changes.sum())

    def _fill_pocket(self, before: np.ndarray, order: np.ndarray, mistakes: np.ndarray) -> None:
        """Look at every set of weights of the epoch that survived longer than that in the pocket."""
        survived = np.append(0.0, np.cumsum(self._weight[order]))
        begins, ends = np.append(0, mistakes + 1), np.append(mistakes, len(order))
        runs = survived[ends] - survived[begins]
        runs[0] += self._run
        w, known = before, 0
        for i in np.flatnonzero(runs[:-1] > self._pocket_run).tolist():
            if runs[i] > self._pocket_run:  # which may have grown meanwhile
                w, known = w + self._changes(order[mistakes[known:i]]), i
                self._offer(w.astype(self._X.dtype), float(runs[i]))
        self._run = float(runs[-1])
        self._offer(self.weights, self._run)
        if not len(mistakes):
            self.pocket = self.weights  # no row lies on their plane, as it may on the plane of others that are as accurate

    def _offer(self, w: np.ndarray, run: float) -> None:
        """Put weights into the pocket if they get more rows right."""
        accuracy = self._accuracy(w)
        if accuracy > self._pocket_accuracy:
            self.pocket, self._pocket_accuracy, self._pocket_run = w, accuracy, run

    def _accuracy(self, w: np.ndarray) -> float:
        """The weighted share of rows that ``step(w·x + b)`` gets right."""
        right = (self._X @ w[:-1] + w[-1] >= 0) == (self._sign > 0)
        return float(np.average(right, weights=self._weight))
