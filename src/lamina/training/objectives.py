"""What perturbed weights may improve in place of the loss: scores with a name, and functions of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.engine.perturbation import BatchObjective, PerturbationRule
from lamina.engine.plan import Batches
from lamina.losses import CustomLoss, Hinge, Loss, PerceptronLoss
from lamina.optimizers import PerturbationOptimizer
from lamina.training.scores import accuracy, f1, r2
from lamina.validation import returned_number

__all__ = ["SCORES", "CustomLosses", "batch_objective", "decide"]


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
        return CustomLosses(custom, loss_weights, data, optimizer.perturbation_rule()) if custom else None
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


class CustomLosses:
    """The weighted mean of the user's own losses; it remembers each output's own, which the engine does not know.

    Parameters
    ----------
    losses : sequence of CustomLoss
        One an output.
    loss_weights : sequence of float
        Factors of the outputs' losses.
    data : Batches
    rule : PerturbationRule
        Of antithetic pairs the mean is told, otherwise what was measured first, before a step's change.
    """

    def __init__(
        self, losses: Sequence[CustomLoss], loss_weights: Sequence[float], data: Batches, rule: PerturbationRule
    ) -> None:
        self._losses = losses
        self._loss_weights = loss_weights
        self._data = data
        self._of_pairs = rule.kind == "all" and rule.antithetic
        self._by_batch: dict[int, list[list[float]]] = {}  # by the batch's first row, which no other batch of a call has

    def __call__(self, outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
        weights = self._data.sample_weight
        share = np.ones(len(rows)) if weights is None else weights[rows].astype(np.float64)
        share = share / share.sum() if share.sum() > 0 else share
        parts = zip(self._losses, outputs, self._data.targets, strict=True)
        by_output = [float(share @ loss.values(output, target[rows])) for loss, output, target in parts]
        told = self._by_batch.setdefault(int(rows[0]), [])
        if self._of_pairs or not told:
            told.append(by_output)
        return sum(weight * each for weight, each in zip(self._loss_weights, by_output, strict=True))

    def head_losses(self, num_steps: int) -> np.ndarray | None:
        """Each output's loss in each of the steps that were done, (steps, outputs); None for one output."""
        if len(self._losses) == 1:
            return None
        steps = list(self._by_batch.values())[:num_steps]
        return np.array([np.mean(told, axis=0) for told in steps]).reshape(-1, len(self._losses))
