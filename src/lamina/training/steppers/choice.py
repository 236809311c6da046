"""Chooses the stepper for a run."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.executor import Executor
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.optimizers import Optimizer, PerturbationOptimizer
from lamina.training.steppers.stepper import Stepper

__all__ = ["custom_losses", "stepper_for"]


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

    Raises
    ------
    InvalidSettingError
        If some losses are custom functions and others are not.
    """
    custom = custom_losses(losses, executor.program.members)
    stepper: Stepper = executor
    # Most runs need neither and should not pay for the import.
    if custom:
        from lamina.training.steppers.custom_loss import CustomSteps

        stepper = CustomSteps(executor, custom, penalty_per_row)
    if isinstance(optimizer, PerturbationOptimizer):
        from lamina.training.steppers.perturbation import PerturbationSteps

        stepper = PerturbationSteps(executor, losses, optimizer, stepper)
    return stepper


def custom_losses(losses: Sequence[Loss], members: int) -> list[CustomLoss]:
    """The losses that are custom functions, of the logits of so many members: either all of them or none.

    Raises
    ------
    InvalidSettingError
        If some are and others are not.
    """
    custom = [loss.over(members) for loss in losses if isinstance(loss, CustomLoss)]
    if custom and len(custom) < len(losses):
        names = [loss.name for loss in losses]
        repair = "Write the others as functions too."
        raise InvalidSettingError(phrase("losses", "must be functions for all outputs or for none", names, repair=repair))
    return custom
