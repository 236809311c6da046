"""The compiled threshold unit with the interface of :class:`lamina.engine.perceptron.PerceptronUnit`."""

from __future__ import annotations

import numpy as np

from lamina.engine.extension import _native
from lamina.engine.native_data import as_source
from lamina.engine.order import as_order
from lamina.engine.perceptron import PerceptronEpochs, PerceptronRows, PerceptronRule

__all__ = ["NativePerceptron"]

_UNITS = {np.dtype(np.float32): _native.PerceptronF32, np.dtype(np.float64): _native.PerceptronF64}


class NativePerceptron:
    """Learns without holding the GIL, and sums in scikit-learn's order, so that both make exactly the same mistakes.

    Parameters
    ----------
    data : PerceptronRows
        Read in place, without a copy.
    rule : PerceptronRule
    start : ndarray of shape (d + 1,)
        Initial weights, bias last.
    """

    def __init__(self, data: PerceptronRows, rule: PerceptronRule, start: np.ndarray) -> None:
        self._num_rows, dtype = data.X.shape[0], data.X.dtype
        X = np.ascontiguousarray(data.X) if isinstance(data.X, np.ndarray) else data.X
        target, weight = (np.ascontiguousarray(part, dtype=np.float64) for part in (data.target, data.weight))
        weights = np.ascontiguousarray(start[:-1], dtype=dtype)
        settings = (rule.learning_rate, rule.bias_rate, rule.alpha, rule.l1_ratio)
        rows = as_order(data.rows, self._num_rows)
        self._unit = _UNITS[dtype](as_source(X, dtype), target, weight, rows, weights, float(start[-1]), *settings)

    @property
    def weights(self) -> np.ndarray:
        return np.append(self._unit.weights().astype(np.float64), self._unit.bias)

    def learn(
        self, *, order: np.ndarray | None = None, seed: int | None = None, first_epoch: int = 0, epochs: int = 1
    ) -> PerceptronEpochs:
        checked = None if order is None else as_order(order, self._num_rows)
        return PerceptronEpochs(*self._unit.learn(checked, seed, first_epoch, epochs))
