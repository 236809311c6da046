"""What lets a reactive schedule watch the training."""

from __future__ import annotations

from lamina.optimizers import PerturbationOptimizer, StepOptimizer
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.callbacks.watched import watched
from lamina.training.history import Record

__all__ = ["ScheduleWatch"]


class ScheduleWatch(Callback):
    """Tells the trainer's schedule, if it is a reactive one, how each epoch went. Every trainer has one, before the others."""

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        schedule, optimizer = trainer.schedule.reactive, trainer.optimizer
        if schedule is None or not isinstance(optimizer, StepOptimizer | PerturbationOptimizer):
            return
        value = watched(record, schedule.monitor, owner=type(schedule).__name__)
        schedule.on_epoch_end(value, optimizer.step_size)
        if schedule.exhausted:
            code = "converged" if schedule.monitor == "loss" else "no_improvement"
            name = schedule.monitor.replace("_", " ")
            trainer.stop(code, f"The {name} did not improve, and the learning rate cannot be lowered further.")
