"""Chooses the stepper for a run."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.executor import Executor
from lamina.losses import Loss
from lamina.losses.as_functions import as_functions
from lamina.optimizers import Optimizer, PerturbationOptimizer
from lamina.training.steppers.stepper import Stepper

__all__ = ["stepper_for"]


def stepper_for(executor: Executor, losses: Sequence[Loss], optimizer: Optimizer, penalty_per_row: bool) -> Stepper:
    """The executor itself, or a stepper on top of it for custom losses or weight perturbation.

    Parameters
    ----------
    executor : Executor
        Configured.
    losses : sequence of Loss
        One per output.
    optimizer : Optimizer
    penalty_per_row : bool
        As in the executor's plan.
    """
    custom = as_functions(losses, executor.program.members)
    stepper: Stepper = executor
    # Most runs need neither and should not pay for the import.
    if custom:
        from lamina.training.steppers.custom_loss import CustomSteps

        stepper = CustomSteps(executor, custom, penalty_per_row)
    if isinstance(optimizer, PerturbationOptimizer):
        from lamina.training.steppers.perturbation import PerturbationSteps

        stepper = PerturbationSteps(executor, losses, optimizer, stepper)
    return stepper
