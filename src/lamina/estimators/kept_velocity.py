"""Keeps momentum's velocity in scikit-learn's units while the learning rate changes."""

from __future__ import annotations

from lamina.training import Callback, Run

__all__ = ["KeptVelocity"]


class KeptVelocity(Callback):
    """Lets a change of the learning rate act on new gradients only, as in scikit-learn.

    scikit-learn keeps the learning rate inside the velocity, ``v ← μ v − η g; w ← w + v``; Lamina, as torch, outside it,
    ``v ← μ v + g; w ← w − η v``. The two are equal while η is constant. When it goes from η to η', ``v ← v η / η'`` makes them
    equal again.

    Parameters
    ----------
    base : float
        The optimizer's learning rate.
    """

    def __init__(self, base: float) -> None:
        self.base = base

    def on_epoch_begin(self, trainer: Run) -> None:
        if trainer.step == 0:
            return
        steps = trainer.steps_per_epoch
        rate = float(trainer.schedule.rates(self.base, trainer.step, 1, steps, trainer.last_epoch * steps)[0])
        before = trainer.history[-1]["learning_rate"]
        if rate != before:
            trainer.executor.slots *= before / rate
