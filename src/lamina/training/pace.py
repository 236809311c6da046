"""How a run goes through its rows: the rows of each step, the steps of an epoch, and the values of these steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lamina.engine import permutation
from lamina.engine.plan import StepValues
from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, phrase
from lamina.optimizers import PerturbationOptimizer, StepOptimizer
from lamina.schedules import Constant, Schedule
from lamina.training.contradictions import first_batch_norm
from lamina.training.settings import TrainerSettings
from lamina.training.team import whole_batch

__all__ = ["Pace"]


class Pace:
    """The rows, steps and rates of an epoch, from the settings, the network's program and the number of rows.

    Parameters
    ----------
    settings : TrainerSettings
    program : Program
    num_rows : int or None
        The number of training rows; None as long as it is not known, which takes a batch size.
    of_batch : callable, optional
        How many rows of a batch are among these, where others come from elsewhere.

    Attributes
    ----------
    batch_rows : int or None
        The rows of a step as they were asked for; None: all.
    rows_a_step : int
    rows_an_epoch, steps_an_epoch : int
        Only where the number of rows is known.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        program: Program,
        num_rows: int | None,
        of_batch: Callable[[int], int] = whole_batch,
    ) -> None:
        self.settings = settings
        self.num_rows = num_rows
        self._program = program
        self.batch_rows = None if settings.rows_a_step is None else of_batch(settings.rows_a_step)
        if num_rows is None:
            assert self.batch_rows is not None
            self.rows_a_step = self.batch_rows
        else:
            self.rows_a_step = min(self.batch_rows or num_rows, num_rows)
            self.rows_an_epoch = num_rows - (num_rows % self.rows_a_step == 1 and self.leaves_lone)
            self.steps_an_epoch = -(-self.rows_an_epoch // self.rows_a_step)
        self._masks = [(op.kind, float(op.settings[0])) for op in program.ops if op.draws_masks]

    @property
    def leaves_lone(self) -> bool:
        """Whether a last batch of one row is left out, as with batch norm: its variance of 0 would distort the running one."""
        return first_batch_norm(self._program) is not None

    def order(self, epoch: int) -> np.ndarray:
        """The row indices of an epoch (epochs count from 0) in training order, int64 (rows_an_epoch,)."""
        if self.settings.shuffle:
            assert self.num_rows is not None
            return permutation(self.num_rows, seed=self.settings.seed, epoch=epoch)[: self.rows_an_epoch]
        return np.arange(self.rows_an_epoch, dtype=np.int64)

    def values(self, schedule: Schedule, first_step: int, num_epochs: int, last_epoch: int) -> StepValues:
        """As :meth:`step_values`, of the steps of ``num_epochs`` epochs."""
        return self.step_values(schedule, first_step, num_epochs * self.steps_an_epoch, last_epoch)

    def step_values(self, schedule: Schedule, first_step: int, num_steps: int, last_epoch: int) -> StepValues:
        """Learning rates, weight decays and dropout rates of the next steps.

        Parameters
        ----------
        schedule : Schedule
            The schedule of the learning rate in use.
        first_step : int
            Counted from 0 over the whole run.
        num_steps : int
        last_epoch : int
            The total number of epochs of the run, over which some schedules stretch.

        Raises
        ------
        InvalidSettingError
            If the optimizer does not take steps of a given size; if a schedule gives values that cannot be, or needs the number
            of rows where it is not known.
        """
        optimizer = self.settings.optimizer
        if not isinstance(optimizer, StepOptimizer | PerturbationOptimizer):
            raise InvalidSettingError(phrase("optimizer", "must take steps to train an epoch", optimizer, owner="Trainer"))
        if self.num_rows is None:
            self._check_lengths(schedule)
            steps = first_step, num_steps, 1, first_step + num_steps
        else:
            steps = first_step, num_steps, self.steps_an_epoch, last_epoch * self.steps_an_epoch
        rates = schedule.rates(optimizer.step_size, *steps)
        return StepValues(rates, self._weight_decays(optimizer.weight_decay, steps), self._dropout_rates(steps))

    def _check_lengths(self, schedule: Schedule) -> None:
        """Raise if a schedule needs the number of rows."""
        settings = self.settings
        others = {"dropout_schedule": settings.dropout_schedule, "weight_decay_schedule": settings.weight_decay_schedule}
        for name, each in {"schedule": schedule, **others}.items():
            if each.needs_length:
                repair = "Give the source of blocks its num_rows, or choose a schedule that counts steps."
                rule = "must not depend on the length of an epoch before the number of rows is known"
                raise InvalidSettingError(phrase(name, rule, each, repair=repair, owner="Trainer"))

    def _weight_decays(self, base: float, steps: tuple[int, int, int, int]) -> np.ndarray | None:
        """One weight decay per step; None stands for none."""
        schedule = self.settings.weight_decay_schedule
        if isinstance(schedule, Constant) and not base:
            return None
        return schedule.rates(base, *steps)

    def _dropout_rates(self, steps: tuple[int, int, int, int]) -> np.ndarray | None:
        """One rate per step and op that draws masks; None stands for the ops' own. The schedule is dropout's alone."""
        schedule = self.settings.dropout_schedule
        if isinstance(schedule, Constant) or not self._masks:
            return None
        own = Constant()
        columns = [(schedule if kind == "dropout" else own).rates(base, *steps) for kind, base in self._masks]
        rates = np.stack(columns, axis=1)
        if (rates >= 1.0).any():
            at = int(np.argmax((rates >= 1.0).any(axis=1)))
            repair = f"Check what it returns at step {steps[0] + at}."
            rule = "must give rates in [0, 1)"
            raise InvalidSettingError(phrase("dropout_schedule", rule, float(rates[at].max()), repair=repair, owner="Trainer"))
        return rates
