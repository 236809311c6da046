"""NumPy and nothing else: what one writes by hand, with all parameters in one vector."""

from __future__ import annotations

import numpy as np

from benchmarks.sides.losses import log_loss_for
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

NAME = "NumPy"
VERSION = f"NumPy {np.__version__}"
_BETA1, _BETA2, _EPS, _RATE = 0.9, 0.999, 1e-8, 1e-3


def prepare(workload: Workload, data: Data) -> Job | None:
    if workload.regular or workload.mixed:
        return None
    network = _Network(workload, data)
    if not workload.predicts:
        return Job(lambda: network.train(data), network.reset)
    network.reset()
    return Job(lambda: network.predict(data), loss=log_loss_for(data))


class _Network:
    def __init__(self, workload: Workload, data: Data) -> None:
        self.workload = workload
        self.first = np.concatenate([array.ravel() for pair in data.weights for array in pair])
        self.parameters, self.gradient = self.first.copy(), np.zeros_like(self.first)
        self.weights, self.d_weights = (_views(flat, workload) for flat in (self.parameters, self.gradient))
        self.targets = np.eye(workload.widths[-1], dtype=np.float32)[data.y] if workload.loss == "softmax" else data.y
        self.targets = self.targets.reshape(workload.rows, -1).astype(np.float32)

    def reset(self) -> None:
        self.parameters[:] = self.first
        self.m, self.s, self.step = np.zeros_like(self.first), np.zeros_like(self.first), 0

    def train(self, data: Data) -> float:
        rng, size = np.random.default_rng(0), self.workload.batch_size
        for _ in range(self.workload.epochs):
            total, order = 0.0, rng.permutation(self.workload.rows)
            for first in range(0, self.workload.rows, size):
                rows = order[first : first + size]
                total += self._take_step(data.x[rows], self.targets[rows])
        return total / self.workload.rows

    def predict(self, data: Data) -> np.ndarray:
        for _ in range(self.workload.calls):
            probabilities = _softmax(self._forward(data.x)[-1])[0]
        return probabilities

    def _forward(self, x: np.ndarray) -> list[np.ndarray]:
        values = [x]
        for weight, bias in self.weights[:-1]:
            z = values[-1] @ weight + bias
            values.append(np.maximum(z, 0, out=z) if self.workload.activation == "relu" else np.tanh(z, out=z))
        weight, bias = self.weights[-1]
        return [*values, values[-1] @ weight + bias]

    def _head(self, logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
        """The outputs, and the summed loss."""
        if self.workload.loss == "squared":
            return logits, float(0.5 * ((logits - target) ** 2).sum())
        if self.workload.loss == "sigmoid":
            return 1 / (1 + np.exp(-logits)), float((np.logaddexp(0, logits) - logits * target).sum())
        probabilities, shifted, total = _softmax(logits)
        return probabilities, float((np.log(total[:, 0]) - (shifted * target).sum(axis=1)).sum())

    def _take_step(self, x: np.ndarray, target: np.ndarray) -> float:
        values = self._forward(x)
        outputs, loss = self._head(values[-1], target)
        d_out = (outputs - target) / np.float32(len(target))
        for i in range(len(self.weights) - 1, -1, -1):
            d_weight, d_bias = self.d_weights[i]
            d_weight[...] = values[i].T @ d_out  # not into it: x may be sparse
            d_out.sum(axis=0, out=d_bias)
            if i > 0:
                slope = values[i] > 0 if self.workload.activation == "relu" else 1 - values[i] ** 2
                d_out = (d_out @ self.weights[i][0].T) * slope
        self._update()
        return loss

    def _update(self) -> None:
        self.step += 1
        self.m += (1 - _BETA1) * (self.gradient - self.m)
        self.s += (1 - _BETA2) * (self.gradient**2 - self.s)
        rate, root = _RATE / (1 - _BETA1**self.step), (1 - _BETA2**self.step) ** -0.5
        self.parameters -= rate * self.m / (np.sqrt(self.s) * root + _EPS)


def _softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The probabilities, the logits less their greatest, and what the powers of these sum to."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    return powers / total, shifted, total


def _views(flat: np.ndarray, workload: Workload) -> list[tuple[np.ndarray, np.ndarray]]:
    """(weight, bias) of every layer, as views of the flat vector."""
    views, at = [], 0
    for n_in, n_out in workload.shapes:
        bias = at + n_in * n_out
        views.append((flat[at:bias].reshape(n_in, n_out), flat[bias : bias + n_out]))
        at = bias + n_out
    return views
