"""Rosenblatt's rule, row by row, in plain Python. The native version is ``csrc/executor/perceptron.hpp``."""

from __future__ import annotations

import numpy as np

from lamina.engine.perceptron import PerceptronEpochs, PerceptronRows, PerceptronRule
from lamina.engine.randomness import permutation

__all__ = ["ReferencePerceptron"]


class ReferencePerceptron:
    """A threshold unit that learns as :class:`~lamina.engine.perceptron.PerceptronRule` says.

    >>> data = PerceptronRows(np.eye(2), np.array([1.0, -1.0]), np.ones(2), np.arange(2))
    >>> unit = ReferencePerceptron(data, PerceptronRule(0.5), np.zeros(3))
    >>> unit.learn().mistakes, unit.weights
    ([2], array([ 0.5, -0.5,  0. ]))
    """

    def __init__(self, data: PerceptronRows, rule: PerceptronRule, start: np.ndarray) -> None:
        self._data, self._rule = data, rule
        self._w, self._bias = start[:-1].astype(data.X.dtype), float(start[-1])
        self._squares, self._absolutes = _norms(self._w)
        self._due, self._paid = 0.0, np.zeros_like(self._w)  # accumulated L1 penalty, and what was applied to each weight

    @property
    def weights(self) -> np.ndarray:
        return np.append(self._w.astype(np.float64), self._bias)

    def learn(
        self, *, order: np.ndarray | None = None, seed: int | None = None, first_epoch: int = 0, epochs: int = 1
    ) -> PerceptronEpochs:
        rows = self._data.rows
        losses: list[float] = []
        mistakes: list[int] = []
        places = np.empty(0, dtype=np.int64)
        while len(losses) < epochs and self._is_finite():
            if order is None or seed is not None:
                order = rows if seed is None else rows[permutation(len(rows), seed=seed, epoch=first_epoch + len(losses))]
            steps = [self._take(int(i)) for i in order]
            places = np.flatnonzero([is_mistake for _, is_mistake in steps])
            losses.append(sum(loss for loss, _ in steps) / len(rows))
            mistakes.append(len(places))
        return PerceptronEpochs(losses, mistakes, places, self._is_finite())

    def _take(self, i: int) -> tuple[float, bool]:
        """Take a step at row ``i``; returns its loss, and whether it changed the weights because of a mistake."""
        rule, target = self._rule, self._data.target[i]
        features, x = self._row(i)
        margin = target * (float(self._w[features] @ x) + self._bias)
        loss = max(0.0, -margin) + self._penalty()
        step = rule.learning_rate * target * self._data.weight[i] if margin <= 0 else 0.0
        self._shrink()
        if step:
            self._w[features] += step * x
            self._bias += step * rule.bias_rate
            # scikit-learn computes the norms over the row's stored features: for dense rows, over all weights.
            self._squares, self._absolutes = _norms(self._w[features])
        self._pay(features)
        return loss, step != 0

    def _row(self, i: int) -> tuple[slice | np.ndarray, np.ndarray]:
        """The stored columns of a row, and their values."""
        X = self._data.X
        if isinstance(X, np.ndarray):
            return slice(None), X[i]
        stored = slice(X.indptr[i], X.indptr[i + 1])
        return X.indices[stored], X.data[stored]

    def _penalty(self) -> float:
        alpha, l1_ratio = self._rule.alpha, self._rule.l1_ratio
        return alpha * (0.5 * (1 - l1_ratio) * self._squares + l1_ratio * self._absolutes)

    def _shrink(self) -> None:
        """Take the step of the L2 penalty."""
        factor = max(0.0, 1 - self._rule.learning_rate * (1 - self._rule.l1_ratio) * self._rule.alpha)
        self._w *= factor
        self._squares *= factor**2
        self._absolutes *= factor

    def _pay(self, features: slice | np.ndarray) -> None:
        """Apply the accumulated L1 penalty to some weights, without crossing zero."""
        self._due += self._rule.learning_rate * self._rule.l1_ratio * self._rule.alpha
        before, paid = self._w[features], self._paid[features]
        after = np.where(before > 0, np.maximum(0, before - (self._due + paid)), np.minimum(0, before + (self._due - paid)))
        after = np.where(before == 0, 0, after).astype(before.dtype)
        self._paid[features] = paid + (after - before)
        self._w[features] = after

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self._w).all() and np.isfinite(self._bias))


def _norms(weights: np.ndarray) -> tuple[float, float]:
    """The sums of squares and of absolute values."""
    return float(weights @ weights), float(np.abs(weights).sum())
