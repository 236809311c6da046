"""Training steps with a custom loss: the engine does the forward pass, Python computes the loss, the engine does the rest.

The stepper has the ``train`` and ``evaluate`` interface of an executor, so the trainer need not know the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor, Gradient, Update
from lamina.engine.plan import Batches, StepValues, TrainingResult
from lamina.engine.program import Parameter
from lamina.losses import CustomLoss

__all__ = ["CustomSteps"]


class CustomSteps:
    """Training steps with :class:`~lamina.losses.CustomLoss` functions, one per output.

    Parameters
    ----------
    executor : Executor
        A configured executor whose heads are all "external".
    losses : sequence of CustomLoss
        One per output.
    penalty_per_row : bool
        As in the executor's plan: whether the recorded loss divides the penalty by the rows.
    """

    def __init__(self, executor: Executor, losses: Sequence[CustomLoss], penalty_per_row: bool) -> None:
        self._executor = executor
        self._losses = losses
        self._weights = [head.weight for head in executor.program.heads]
        self._penalty_per_row = penalty_per_row
        self._parameters = np.empty(executor.program.num_parameters, executor.dtype)

    @property
    def _penalized(self) -> list[Parameter]:
        return [p for p in self._executor.program.parameters if p.l1 or p.l2]

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """As :meth:`lamina.engine.executor.Executor.train`."""
        losses: list[float] = []
        norms: list[float] = []
        of_heads: list[list[float]] = []
        failure, num_clipped = None, 0
        for i in range(-(-len(order) // batch_size)):
            rows = order[i * batch_size : (i + 1) * batch_size]
            loss, by_head, update = self._step(data, rows, first_step + i, *values.at(i))
            failure = update.failure
            if failure is not None:
                break
            num_clipped += update.is_clipped
            if update.gradient_norm is not None:
                norms.append(update.gradient_norm)
            losses.append(loss)
            of_heads.append(by_head)
        heads = len(self._losses)
        told = np.array(of_heads, dtype=np.float64).reshape(-1, heads) if heads > 1 else None
        recorded = np.array(norms, dtype=np.float64) if norms else None
        return TrainingResult(np.array(losses, dtype=np.float64), recorded, num_clipped, failure, head_losses=told)

    def evaluate(self, data: Batches) -> np.ndarray:
        """As :meth:`lamina.engine.executor.Executor.evaluate`."""
        outputs = self._executor.predict(data.inputs)
        w = _shares(data, slice(None))[0]
        pairs = zip(self._losses, outputs, data.targets, strict=True)
        return np.array([self._mean_loss(loss, logits, target, w) for loss, logits, target in pairs])

    def loss_and_gradient(
        self, data: Batches, *, order: np.ndarray, training: bool = True, step: int = 0
    ) -> tuple[float, np.ndarray]:
        """As :meth:`lamina.engine.executor.Executor.loss_and_gradient`."""
        before, total = self._executor.snapshot(), 0.0
        by_head: list[float] = []

        def d_outputs(outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
            nonlocal by_head, total
            by_head, found, total = self._of_outputs(outputs, data, order)
            return found

        seen = self._executor.observe(data, order, training=training, step=step, d_outputs=d_outputs)
        assert seen.gradient is not None
        gradient = seen.gradient.vector
        factor = 1.0 / (total if self._penalty_per_row else 1.0)
        loss = factor * self._penalty() + sum(weight * each for weight, each in zip(self._weights, by_head, strict=True))
        for p in self._penalized:
            w = before.parameters[p.slice]
            gradient[p.slice] += factor * (p.l1 * np.sign(w) + p.l2 * w)
        return loss, gradient

    @staticmethod
    def _mean_loss(loss: CustomLoss, logits: np.ndarray, target: np.ndarray, shares: np.ndarray) -> float:
        return float(shares @ loss.value_and_gradient(logits, target)[0]) if np.isfinite(logits).all() else math.nan

    def _step(
        self, data: Batches, rows: np.ndarray, step: int, learning_rate: float, weight_decay: float, rates: np.ndarray | None
    ) -> tuple[float, list[float], Update]:
        """The loss including the penalty, the loss of each output, and the result of the update."""
        by_head, d_outputs, total = self._first_half(data, rows, step, rates)
        losses = np.array([weight * each for weight, each in zip(self._weights, by_head, strict=True)])
        gradient = Gradient(losses, total, self._executor.backward(d_outputs, step))
        update = self._executor.update(gradient, step, learning_rate, weight_decay)
        if update.failure is not None and update.failure.quantity == "loss":
            first = int(np.argmin(np.isfinite(losses)))
            update = update._replace(failure=update.failure._replace(layer=self._losses[first].name))
        return update.loss, by_head, update

    def _first_half(
        self, data: Batches, rows: np.ndarray, step: int, rates: np.ndarray | None = None
    ) -> tuple[list[float], list[np.ndarray], float]:
        """The loss and gradient of each output, and the sum of the row weights."""
        return self._of_outputs(self._executor.forward(data.inputs, rows, step, dropout_rates=rates), data, rows)

    def _of_outputs(
        self, outputs: Sequence[np.ndarray], data: Batches, rows: np.ndarray
    ) -> tuple[list[float], list[np.ndarray], float]:
        """:meth:`_first_half` behind its forward pass."""
        shares, total = _shares(data, rows)
        by_head, d_outputs = [], []
        for i, loss in enumerate(self._losses):
            values, gradient = loss.value_and_gradient(outputs[i], data.targets[i][rows])
            # loss = weight * sum_i share_i L(logits_i, target_i)
            by_head.append(float(shares @ values))
            d_outputs.append((self._weights[i] * shares[:, None] * gradient).astype(outputs[i].dtype))
        return by_head, d_outputs, total

    def _penalty(self) -> float:
        """``sum l1 |w| + 1/2 l2 w^2`` over all parameters."""
        penalized, w = self._penalized, self._parameters
        if not penalized:
            return 0
        self._executor.copy_into(w)
        return sum(
            p.l1 * float(np.abs(w[p.slice], dtype=np.float64).sum())
            + 0.5 * p.l2 * float(np.square(w[p.slice], dtype=np.float64).sum())
            for p in penalized
        )


def _shares(data: Batches, rows: np.ndarray | slice) -> tuple[np.ndarray, float]:
    """Each row's share of the mean, and the sum of the row weights."""
    if data.sample_weight is None:
        count = data.num_rows if isinstance(rows, slice) else len(rows)
        return np.full(count, 1.0 / count), float(count)
    w = data.sample_weight[rows].astype(np.float64)
    total = float(w.sum())
    return (w / total if total > 0 else np.zeros_like(w)), total
