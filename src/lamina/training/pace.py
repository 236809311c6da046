"""How a run goes through its rows: which of them a step takes, how many steps an epoch has, and at which rates."""

from __future__ import annotations

import numpy as np

from lamina.engine import permutation
from lamina.engine.plan import StepValues
from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, phrase
from lamina.optimizers import PerturbationOptimizer, StepOptimizer
from lamina.schedules import Schedule
from lamina.training.contradictions import first_batch_norm
from lamina.training.settings import TrainerSettings

__all__ = ["Pace"]


class Pace:
    """What follows from the settings, the network's program and the number of rows.

    Parameters
    ----------
    settings : TrainerSettings
    program : Program
    num_rows : int
        Of the training data.

    Attributes
    ----------
    rows_a_step, rows_an_epoch, steps_an_epoch : int
        An epoch has all rows, but for a lone last one under batch norm: the running variance would take its 0 for a batch's.
    """

    def __init__(self, settings: TrainerSettings, program: Program, num_rows: int) -> None:
        self.settings = settings
        self.num_rows = num_rows
        self.rows_a_step = min(settings.rows_a_step or num_rows, num_rows)
        is_lone = num_rows % self.rows_a_step == 1 and first_batch_norm(program) is not None
        self.rows_an_epoch = num_rows - is_lone
        self.steps_an_epoch = -(-self.rows_an_epoch // self.rows_a_step)

    def order(self, epoch: int) -> np.ndarray:
        """The rows of an epoch (numbered from 0) in the order in which its steps take them, int64 (rows_an_epoch,)."""
        if self.settings.shuffle:
            return permutation(self.num_rows, seed=self.settings.seed, epoch=epoch)[: self.rows_an_epoch]
        return np.arange(self.rows_an_epoch, dtype=np.int64)

    def values(self, schedule: Schedule, first_step: int, num_epochs: int, last_epoch: int) -> StepValues:
        """The values of the steps of so many epochs.

        Parameters
        ----------
        schedule : Schedule
            The one in place.
        first_step : int
            Counted from 0 over the whole run.
        num_epochs : int
        last_epoch : int
            Epochs that the run has in all, which some schedules are stretched over.

        Raises
        ------
        InvalidSettingError
            If the optimizer takes no such steps.
        """
        optimizer = self.settings.optimizer
        if not isinstance(optimizer, StepOptimizer | PerturbationOptimizer):
            raise InvalidSettingError(phrase("optimizer", "must take steps to train an epoch", optimizer, owner="Trainer"))
        num_steps, total = num_epochs * self.steps_an_epoch, last_epoch * self.steps_an_epoch
        rates = schedule.rates(optimizer.step_size, first_step, num_steps, self.steps_an_epoch, total)
        decays = np.full(num_steps, optimizer.weight_decay) if optimizer.weight_decay else None
        return StepValues(rates, decays)
