"""The learning rate of scikit-learn's ``solver="sgd"``, which depends on the rows seen, and its velocity with that rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.estimators.fitting.curves import Curves
from lamina.schedules import Schedule, Span
from lamina.training import Callback, Record, Run
from lamina.validation import integer, number

__all__ = ["RowScaling", "SgdRate"]


@dataclass(frozen=True)
class RowScaling(Schedule):
    """``base / (rows_seen + 1) ^ power`` for a whole epoch: scikit-learn's "invscaling".

    Unlike :class:`lamina.schedules.InverseScaling` it does not need a constant number of rows, which ``partial_fit`` lacks.

    Parameters
    ----------
    power : float, default=0.5
        >= 0.
    rows_seen : int, default=0
        Rows seen before the epoch.

    Examples
    --------
    >>> RowScaling(power=1.0, rows_seen=3).rates(1.0, first_step=5, num_steps=2).tolist()
    [0.25, 0.25]
    """

    kind: ClassVar[str] = "row_scaling"
    rules: ClassVar = {"power": number(0), "rows_seen": integer(0)}

    power: float = 0.5
    rows_seen: int = 0

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return np.full(span.num_steps, base / (self.rows_seen + 1) ** float(self.power))


class SgdRate(Callback):
    """Counts rows for :class:`RowScaling`, and makes a new learning rate apply to new gradients only.

    scikit-learn includes the learning rate in the velocity, ``v ← μ v − η g; w ← w + v``; Lamina, like torch, does not:
    ``v ← μ v + g; w ← w − η v``. The two are equal while η is constant. When it changes from η to η', ``v ← v η / η'`` makes them
    equal again.

    Parameters
    ----------
    base : float
        The optimizer's learning rate.
    curves : Curves
        They hold the number of rows seen.
    """

    def __init__(self, base: float, curves: Curves) -> None:
        self.base = base
        self.curves = curves

    def on_fit_begin(self, trainer: Run) -> None:
        # A loaded checkpoint restores the number of rows seen, but not this schedule.
        if isinstance(trainer.schedule, RowScaling):
            trainer.schedule = RowScaling(trainer.schedule.power, self.curves.t_)

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if isinstance(trainer.schedule, RowScaling):
            trainer.schedule = RowScaling(trainer.schedule.power, self.curves.t_)
        rate = float(trainer.schedule.rates(self.base, trainer.step, 1)[0])
        if rate != record["learning_rate"]:
            trainer.executor.restore(slots=trainer.executor.snapshot().slots * (record["learning_rate"] / rate))
