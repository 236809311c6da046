"""The callback that passes each epoch's monitored number to a reactive schedule."""

from __future__ import annotations

import math

from lamina.optimizers import PerturbationOptimizer, StepOptimizer
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.watched import watched

__all__ = ["ScheduleWatch"]


class ScheduleWatch(Callback):
    """Passes each epoch's monitored number to a reactive schedule. Every trainer has this callback, before all others."""

    def epochs_ahead(self, trainer: Run) -> float:
        return math.inf if trainer.schedule.reactive is None else 1

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        schedule = trainer.schedule.reactive
        if schedule is None:
            return
        optimizer = trainer.optimizer
        if not isinstance(optimizer, StepOptimizer | PerturbationOptimizer):
            return
        value = watched(record, schedule.monitor, owner=type(schedule).__name__)
        schedule.on_epoch_end(value, optimizer.step_size)
        if schedule.exhausted:
            code = "converged" if schedule.monitor == "loss" else "no_improvement"
            name = schedule.monitor.replace("_", " ")
            trainer.stop(code, f"The {name} {schedule.finding()}, and the learning rate is not lowered any further.")
