"""The losses of single rows and batches, of a trained network and of a constant prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lamina.doctor.probes.best_constant import best_constant_loss, member_losses
from lamina.engine import make_executor
from lamina.engine.plan import Batches, TrainingPlan
from lamina.engine.program import Head
from lamina.losses import Loss
from lamina.optimizers import GradientDescent
from lamina.training import Trainer

__all__ = ["constant_loss", "losses_by_batch", "row_losses"]

_MOST_BATCHES = 64
_MOST_ROWS = 2000


def row_losses(trainer: Trainer, data: Batches) -> np.ndarray:
    """The loss of each row (n,), without penalties, as predictions are made: without dropout; weights of outputs applied."""
    return _by_row(trainer, trainer.executor.predict(data.inputs), data, np.arange(data.num_rows))


def losses_by_batch(trainer: Trainer, data: Batches, batch_size: int, seed: int = 0) -> np.ndarray:
    """The losses of up to 64 whole batches as training takes them, with dropout, all at the trainer's present weights.

    Their spread is that of the batches alone. Empty if an epoch has but one whole batch.
    """
    num_batches = min(data.num_rows // batch_size, _MOST_BATCHES)
    if num_batches < 2:
        return np.empty(0)
    order = np.random.default_rng(seed).permutation(data.num_rows)
    parameters, state, _ = trainer.executor.snapshot()
    copy = make_executor(trainer.executor.program, dtype=trainer.dtype, engine=trainer.engine, device=trainer.device)
    copy.configure(TrainingPlan(GradientDescent().rule(), seed=seed))
    losses = []
    for step in range(num_batches):
        copy.restore(parameters, state)
        rows = order[step * batch_size : (step + 1) * batch_size]
        outputs = copy.forward(data.inputs, rows, step)
        losses.append(_mean(_by_row(trainer, outputs, data, rows), _weights(data, rows)))
    return np.array(losses)


def constant_loss(trainer: Trainer, data: Batches) -> float:
    """The lowest mean loss of a network that is but a bias: the same logits in every row; NaN where there is no such number.

    Measured on up to 2000 rows, drawn at random.
    """
    rows = np.random.default_rng(0).permutation(data.num_rows)[:_MOST_ROWS]
    total = 0.0
    for number, (head, loss) in enumerate(_heads(trainer)):
        program = trainer.executor.program
        width = program.widths[head.logits] // program.members
        target = np.asarray(data.targets[number])[rows].astype(np.float64)
        total += head.weight * best_constant_loss(loss, target, width, _weights(data, rows))
    return total


def _by_row(trainer: Trainer, outputs: Sequence[np.ndarray], data: Batches, rows: np.ndarray) -> np.ndarray:
    total, members = np.zeros(len(rows)), trainer.executor.program.members
    for number, ((head, loss), logits) in enumerate(zip(_heads(trainer), outputs, strict=True)):
        target = np.asarray(data.targets[number])[rows].astype(np.float64)
        total += head.weight * member_losses(loss, logits.astype(np.float64), target, members)
    return total


def _heads(trainer: Trainer) -> list[tuple[Head, Loss]]:
    return list(zip(trainer.executor.program.heads, trainer.losses, strict=True))


def _weights(data: Batches, rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows)) if data.sample_weight is None else data.sample_weight[rows].astype(np.float64)


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float(values @ weights) / total if total else math.nan
