"""Stops training when a target is reached."""

from __future__ import annotations

from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.watched import watched
from lamina.validation import check_parameters, choice, number, text

__all__ = ["TargetLoss"]


_RULES = {"target": number(), "monitor": text(), "mode": choice(("min", "max"))}


class TargetLoss(Callback):
    """Stops training when the loss, or another monitored number, reaches a target.

    Parameters
    ----------
    target : float
        The target value.
    monitor : str, default="loss"
        The key of the epoch's record that is watched.
    mode : {"min", "max"}, default="min"
        Whether the number must fall to the target or rise to it.

    Examples
    --------
    >>> TargetLoss(0.01).target
    0.01
    """

    def __init__(self, target: float, monitor: str = "loss", mode: str = "min") -> None:
        settings = {"target": target, "monitor": monitor, "mode": mode}
        check_parameters(settings, _RULES, owner="TargetLoss")
        self.target = target
        self.monitor = monitor
        self.mode = mode

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        value = watched(record, self.monitor, owner="TargetLoss")
        if value >= self.target if self.mode == "max" else value <= self.target:
            name = self.monitor.replace("_", " ")
            trainer.stop("target_reached", f"The {name} reached {value:.6g}; the target was {self.target:g}.")
