"""How strongly penalties, weight decay and bounds hold the weights back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.engine.plan import Batches
from lamina.engine.program import Parameter
from lamina.optimizers import StepOptimizer
from lamina.training import Trainer

__all__ = ["Restraint", "restraint_of"]


@dataclass(frozen=True, slots=True)
class Restraint:
    """What acts on the weights beside the loss; 0 where nothing does.

    Attributes
    ----------
    first_penalty, last_penalty : float
        L1 and L2 in the loss of one step, at the first and at the trained weights.
    decay : float
        The share of the weights that weight decay takes away in one step at the first learning rate.
    bound : float
        The smallest bound on the norm of the weights into a unit, over their norm before training; infinite without one.
    at_bound : float
        The share of units whose weights ended at their bound.
    """

    first_penalty: float
    last_penalty: float
    decay: float
    bound: float
    at_bound: float


def restraint_of(trainer: Trainer, data: Batches, first: np.ndarray) -> Restraint:
    """What held back a training that began with the parameters ``first`` and left those of the trainer."""
    program, optimizer = trainer.executor.program, trainer.optimizer
    last = trainer.executor.snapshot()[0]
    decays = isinstance(optimizer, StepOptimizer) and any(parameter.decay for parameter in program.parameters)
    bounded = [parameter for parameter in program.parameters if parameter.max_norm > 0]
    norms = [(p.max_norm, _norms(p, first), _norms(p, last)) for p in bounded]
    ends = np.concatenate([end >= 0.99 * bound for bound, _, end in norms]) if norms else np.zeros(1)
    return Restraint(
        first_penalty=_penalty(trainer, data, first),
        last_penalty=_penalty(trainer, data, last),
        decay=optimizer.weight_decay * optimizer.step_size if decays else 0.0,  # type: ignore[union-attr]
        bound=min((bound / max(float(start.mean()), 1e-12) for bound, start, _ in norms), default=math.inf),
        at_bound=float(ends.mean()),
    )


def _penalty(trainer: Trainer, data: Batches, weights: np.ndarray) -> float:
    total = 0.0
    for parameter in trainer.executor.program.parameters:
        w = weights[parameter.slice].astype(np.float64)
        total += parameter.l1 * float(np.abs(w).sum()) + parameter.l2 / 2 * float(w @ w)
    return total / _divisor(trainer, data)


def _divisor(trainer: Trainer, data: Batches) -> float:
    """What strengths are divided by: the sum of a batch's sample weights, or 1."""
    if not trainer.settings.penalty_per_row:
        return 1.0
    rows = min(trainer.batch_size or data.num_rows, data.num_rows)
    return rows if data.sample_weight is None else rows * float(data.sample_weight.mean())


def _norms(parameter: Parameter, weights: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(weights[parameter.slice].reshape(parameter.shape).astype(np.float64), axis=0))
