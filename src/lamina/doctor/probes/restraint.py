"""How strongly penalties, weight decay and bounds hold the weights back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.engine.plan import Batches
from lamina.engine.program import Parameter
from lamina.losses import Loss
from lamina.optimizers import StepOptimizer
from lamina.training import Trainer

__all__ = ["Restraint", "restraint_of"]


@dataclass(frozen=True, slots=True)
class Restraint:
    """What acts on the weights beside the loss; 0 where nothing does.

    Attributes
    ----------
    l2 : float
        The largest factor of ½ ‖w‖² in the loss of one step.
    curvature : float
        The loss's second derivative by a logit where the answer is a constant: 1 of numbers; of classes p (1 − p), the mean over
        their shares p. A factor λ shrinks the slope along an input of variance 1 to 1 / (1 + λ / curvature) (ridge regression).
    l1 : float
        The largest factor of ‖w‖₁ in the loss of one step.
    slope : float
        The standard deviation of the loss's first derivative by a logit where the answer is a constant: that of numbers under a
        squared error; of classes √(p (1 − p)). A weight of an input of variance 1 stays 0 unless input and slope correlate by
        more than l1 / slope (the lasso; Friedman, Hastie & Tibshirani 2010).
    divisor : float
        What the strengths of penalties are divided by in a step: the rows of a batch, or 1.
    decay : float
        The share of the weights that weight decay takes away in one step at the first learning rate.
    bound : float
        The smallest bound on the norm of the weights into a unit, over their norm before training; infinite without one.
    at_bound : float
        The share of a layer's units whose weights ended at their bound, where it is largest.
    """

    l2: float
    curvature: float
    l1: float
    slope: float
    divisor: float
    decay: float
    bound: float
    at_bound: float


def restraint_of(trainer: Trainer, data: Batches, first: np.ndarray) -> Restraint:
    """What held back a training that began with the parameters ``first`` and left those of the trainer."""
    program, optimizer = trainer.executor.program, trainer.optimizer
    last = trainer.executor.snapshot()[0]
    rate = optimizer.step_size if isinstance(optimizer, StepOptimizer) else 0.0
    decay = optimizer.weight_decay if isinstance(optimizer, StepOptimizer) else 0.0
    bounded = [parameter for parameter in program.parameters if parameter.max_norm > 0]
    norms = [(p.max_norm, _norms(p, first), _norms(p, last)) for p in bounded]
    curvature, divisor = _curvature(trainer.losses[0], np.asarray(data.targets[0])), _divisor(trainer, data)
    return Restraint(
        l2=max((parameter.l2 for parameter in program.parameters), default=0.0) / divisor,
        curvature=curvature,
        l1=max((parameter.l1 for parameter in program.parameters), default=0.0) / divisor,
        slope=_deviation(np.asarray(data.targets[0])) if trainer.losses[0].name == "squared_error" else math.sqrt(curvature),
        divisor=divisor,
        decay=rate * decay if any(parameter.decay for parameter in program.parameters) else 0.0,
        bound=min((bound / max(float(start.mean()), 1e-12) for bound, start, _ in norms), default=math.inf),
        at_bound=max((float((end >= 0.99 * bound).mean()) for bound, _, end in norms), default=0.0),
    )


def _curvature(loss: Loss, target: np.ndarray) -> float:
    if loss.name not in ("softmax_cross_entropy", "sigmoid_cross_entropy"):
        return 1.0
    is_number_of_class = loss.one_of_several and target.shape[1] == 1
    shares = np.bincount(target.astype(int).ravel()) / len(target) if is_number_of_class else target.mean(axis=0)
    return float((shares * (1 - shares)).mean()) or 1.0


def _deviation(target: np.ndarray) -> float:
    return float(target.std(axis=0).mean()) or 1.0


def _divisor(trainer: Trainer, data: Batches) -> float:
    """What strengths are divided by: the sum of a batch's sample weights, or 1."""
    if not trainer.settings.penalty_per_row:
        return 1.0
    rows = min(trainer.batch_size or data.num_rows, data.num_rows)
    return rows if data.sample_weight is None else rows * float(data.sample_weight.mean())


def _norms(parameter: Parameter, weights: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(weights[parameter.slice].reshape(parameter.shape).astype(np.float64), axis=0))
