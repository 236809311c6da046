"""The choice among steppers."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.executor import Executor
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.optimizers import Optimizer, PerturbationOptimizer
from lamina.training.steppers.stepper import Stepper

__all__ = ["custom_losses", "stepper_for"]


def stepper_for(executor: Executor, losses: Sequence[Loss], optimizer: Optimizer, penalty_per_row: bool) -> Stepper:
    """The executor itself, or the detour through Python that losses of the user's need, or perturbed weights.

    Parameters
    ----------
    executor : Executor
        Configured.
    losses : sequence of Loss
        One an output.
    optimizer : Optimizer
    penalty_per_row : bool
        As in the executor's plan.

    Raises
    ------
    InvalidSettingError
        If some losses are functions of the user's and others are not.
    """
    custom = custom_losses(losses)
    stepper: Stepper = executor
    # Most trainings have neither, and an import should not cost them.
    if custom:
        from lamina.training.steppers.custom_loss import CustomSteps

        stepper = CustomSteps(executor, custom, penalty_per_row)
    if isinstance(optimizer, PerturbationOptimizer):
        from lamina.training.steppers.perturbation import PerturbationSteps

        stepper = PerturbationSteps(executor, losses, optimizer, stepper)
    return stepper


def custom_losses(losses: Sequence[Loss]) -> list[CustomLoss]:
    """The losses that are functions of the user's: all of them or none.

    Raises
    ------
    InvalidSettingError
        If some are and others are not.
    """
    custom = [loss for loss in losses if isinstance(loss, CustomLoss)]
    if custom and len(custom) < len(losses):
        names = [loss.name for loss in losses]
        repair = "Write the others as functions too."
        raise InvalidSettingError(phrase("losses", "must be functions for all outputs or for none", names, repair=repair))
    return custom
