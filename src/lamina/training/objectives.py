"""Objectives that weight perturbation can improve in place of the loss: named scores and custom functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.engine.perturbation import BatchObjective, PerturbationRule
from lamina.engine.plan import Batches
from lamina.engine.program import Program
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.losses.as_functions import as_functions
from lamina.losses.members import mean_prediction
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS
from lamina.optimizers import PerturbationOptimizer
from lamina.validation import returned_number

__all__ = ["CustomLosses", "batch_objective", "check_labels", "decide", "score"]


def score(name: str, loss: Loss, targets: np.ndarray, predictions: np.ndarray) -> float:
    """Compute a score of :data:`lamina.metrics.OBJECTIVES`; the loss defines how labels are read from targets and predictions."""
    if name in NUMBER_METRICS:
        return NUMBER_METRICS[name](loss.truth_of(targets), predictions)
    return LABEL_METRICS[name](*decide(loss, targets, predictions))


def decide(loss: Loss, targets: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions as class indices: the most likely class if a row has one class, else 0 or 1 for each column.

    Raises
    ------
    InvalidSettingError
        If the loss is not a classification loss.
    """
    if loss.label_codes is None:
        repair = 'Use "r2", or a function.'
        rule = "must be a classification loss for a score of labels"
        raise InvalidSettingError(phrase("the loss", rule, loss.name, repair=repair))
    if loss.one_of_several:
        truth = targets.argmax(axis=1)[:, np.newaxis] if targets.shape[1] > 1 else targets.astype(np.int64)
        return truth, predictions.argmax(axis=1)[:, np.newaxis]
    said = predictions > loss.threshold_of_predictions(predictions.shape[1])
    return (targets > np.mean(loss.label_codes)).astype(np.int64), said.astype(np.int64)


def batch_objective(
    optimizer: PerturbationOptimizer, losses: Sequence[Loss], program: Program, data: Batches
) -> BatchObjective | None:
    """The function that the engine minimizes; None if that is the engine's own losses.

    Parameters
    ----------
    optimizer : PerturbationOptimizer
    losses : sequence of Loss
        One per output.
    program : Program
        Its heads have the factors of the outputs' losses.
    data : Batches

    Raises
    ------
    DataError
        If the objective is a metric of labels and the targets are not labels.
    """
    chosen = optimizer.objective
    if chosen is None:
        custom = as_functions(losses, program.members)
        weights = [head.weight for head in program.heads]
        return CustomLosses(custom, weights, data, optimizer.perturbation_rule()) if custom else None
    if isinstance(chosen, str):
        name = chosen
        if name in LABEL_METRICS:
            for loss, target in zip(losses, data.targets, strict=True):
                check_labels(name, loss, target)

        def lowered(outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
            triples = zip(losses, data.targets, _predicted(losses, outputs, program), strict=True)
            return -float(np.mean([score(name, loss, target[rows], predicted) for loss, target, predicted in triples]))

        return lowered
    return _users_function(chosen, -1.0 if optimizer.maximize else 1.0, losses, program, data)


def _predicted(losses: Sequence[Loss], outputs: Sequence[np.ndarray], program: Program) -> list[np.ndarray]:
    return [mean_prediction(loss.predict, z, program.members) for loss, z in zip(losses, outputs, strict=True)]


def check_labels(name: str, loss: Loss, target: np.ndarray, what: str = "the objective") -> None:
    """Raise if the targets are not labels: :func:`decide` would silently turn them into some."""
    if loss.label_codes is None or (loss.one_of_several and target.shape[1] > 1):
        return  # the loss is rejected elsewhere; or the largest column is the label
    rule, wrong = f"must be {loss.label_codes[0]:g} or {loss.label_codes[1]:g}", ~np.isin(target, loss.label_codes)
    if loss.one_of_several:
        rule, wrong = "must be class indices", target != np.floor(target)
    if wrong.any():
        repair = 'For numbers, use "r2" or a custom function.'
        rule = f"{rule} with {what} {name!r} and the loss {loss.name}"
        raise DataError(phrase("y", rule, float(target[wrong][0]), repair=repair, owner="Trainer"))


def _users_function(
    function: Callable[[Any, Any], float], sign: float, losses: Sequence[Loss], program: Program, data: Batches
) -> BatchObjective:
    def lowered(outputs: Sequence[np.ndarray], rows: np.ndarray) -> float:
        targets = [target[rows] for target in data.targets]
        predictions = _predicted(losses, outputs, program)
        single = len(losses) == 1
        returned = function(targets[0] if single else targets, predictions[0] if single else predictions)
        return sign * returned_number(returned, "the objective", owner="Trainer")

    return lowered


class CustomLosses:
    """The weighted sum of custom losses; it records the loss of each output, which the engine does not know.

    Parameters
    ----------
    losses : sequence of CustomLoss
        One per output.
    loss_weights : sequence of float
        Factors of the outputs' losses.
    data : Batches
    rule : PerturbationRule
        With antithetic pairs the recorded loss is the mean of their losses, otherwise the first one, before the step's change.
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
        """The loss of each output in each step that was done, (steps, outputs); None for one output."""
        if len(self._losses) == 1:
            return None
        steps = list(self._by_batch.values())[:num_steps]
        return np.array([np.mean(told, axis=0) for told in steps]).reshape(-1, len(self._losses))
