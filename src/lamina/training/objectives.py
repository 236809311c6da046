"""What perturbed weights may improve in place of the loss: scores with a name, and functions of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.engine.perturbation import BatchObjective
from lamina.engine.plan import Batches
from lamina.losses import CustomLoss, Hinge, Loss, PerceptronLoss
from lamina.optimizers import PerturbationOptimizer
from lamina.training.scores import accuracy, f1, r2
from lamina.validation import returned_number

__all__ = ["SCORES", "batch_objective", "decide"]


def _decided(score: Callable[[np.ndarray, np.ndarray], float]) -> Callable[[Loss, np.ndarray, np.ndarray], float]:
    return lambda loss, targets, predictions: score(*decide(loss, targets, predictions))


SCORES: Mapping[str, Callable[[Loss, np.ndarray, np.ndarray], float]] = MappingProxyType(
    {"accuracy": _decided(accuracy), "f1": _decided(f1), "r2": lambda loss, targets, predictions: r2(targets, predictions)}
)


def decide(loss: Loss, targets: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions as class numbers: the likeliest class under softmax, else yes or no column by column.

    The threshold lies midway between the targets: 0 for hinge and perceptron losses, 0.5 for all others.
    """
    if loss.kind == "softmax_cross_entropy":
        truth = targets.argmax(axis=1)[:, np.newaxis] if targets.shape[1] > 1 else targets.astype(np.int64)
        return truth, predictions.argmax(axis=1)[:, np.newaxis]
    middle = 0.0 if isinstance(loss, Hinge | PerceptronLoss) else 0.5
    return (targets > middle).astype(np.int64), (predictions > middle).astype(np.int64)


def batch_objective(
    optimizer: PerturbationOptimizer, losses: Sequence[Loss], loss_weights: Sequence[float], data: Batches
) -> BatchObjective | None:
    """What the engine is to lower; None where it is its own losses.

    Parameters
    ----------
    optimizer : PerturbationOptimizer
    losses : sequence of Loss
        One an output.
    loss_weights : sequence of float
        Factors of the outputs' losses.
    data : Batches
    """
    chosen = optimizer.objective
    if chosen is None:
        custom = [loss for loss in losses if isinstance(loss, CustomLoss)]
        return _mean_losses(custom, loss_weights, data) if custom else None
    if isinstance(chosen, str):
        score = SCORES[chosen]

        def lowered(outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
            triples = zip(losses, data.targets, outputs, strict=True)
            return -float(np.mean([score(loss, target[rows], loss.predict(output)) for loss, target, output in triples]))

        return lowered
    return _users_function(chosen, -1.0 if optimizer.maximize else 1.0, losses, data)


def _users_function(function: Callable[[Any, Any], float], sign: float, losses: Sequence[Loss], data: Batches) -> BatchObjective:
    def lowered(outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
        targets = [target[rows] for target in data.targets]
        predictions = [loss.predict(output) for loss, output in zip(losses, outputs, strict=True)]
        single = len(losses) == 1
        returned = function(targets[0] if single else targets, predictions[0] if single else predictions)
        return sign * returned_number(returned, "the objective", owner="Trainer")

    return lowered


def _mean_losses(losses: Sequence[CustomLoss], loss_weights: Sequence[float], data: Batches) -> BatchObjective:
    """The weighted mean of the user's own losses."""

    def lowered(outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
        share = np.ones(len(rows)) if data.sample_weight is None else data.sample_weight[rows].astype(np.float64)
        share = share / share.sum() if share.sum() > 0 else share
        parts = zip(losses, loss_weights, outputs, data.targets, strict=True)
        return sum(weight * float(share @ loss.values(output, target[rows])) for loss, weight, output, target in parts)

    return lowered
