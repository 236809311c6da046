"""Training steps by weight perturbation, behind the ``train`` and ``evaluate`` interface of an executor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, StepValues, TrainingResult
from lamina.losses import Loss
from lamina.optimizers import PerturbationOptimizer
from lamina.training.objectives import CustomLosses, batch_objective
from lamina.training.steppers.stepper import Stepper

__all__ = ["PerturbationSteps"]


class PerturbationSteps:
    """Steps of :class:`~lamina.optimizers.PerturbOne` and :class:`~lamina.optimizers.PerturbAll`.

    Parameters
    ----------
    executor : Executor
        A configured executor.
    losses : sequence of Loss
        One per output.
    optimizer : PerturbationOptimizer
    evaluator : Stepper
        Evaluates the losses.
    """

    def __init__(self, executor: Executor, losses: Sequence[Loss], optimizer: PerturbationOptimizer, evaluator: Stepper) -> None:
        self._executor = executor
        self._losses = losses
        self._optimizer = optimizer
        self._evaluator = evaluator

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """As :meth:`lamina.engine.executor.Executor.train`; the objectives of a score have the sign of the score."""
        optimizer = self._optimizer
        objective = batch_objective(optimizer, self._losses, self._executor.program, data)
        rule = optimizer.perturbation_rule()
        result = self._executor.perturb(data, order, batch_size, first_step, values, rule, objective)
        if isinstance(objective, CustomLosses):
            result = result._replace(head_losses=objective.head_losses(len(result.losses)))
        if optimizer.objective is None or result.objectives is None:
            return result._replace(objectives=None)
        larger_is_better = isinstance(optimizer.objective, str) or optimizer.maximize
        return result._replace(objectives=-result.objectives if larger_is_better else result.objectives)

    def evaluate(self, data: Batches) -> np.ndarray:
        """As :meth:`lamina.engine.executor.Executor.evaluate`."""
        return self._evaluator.evaluate(data)
