"""Facts about how a training goes through its rows: batches, steps and rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lamina.doctor.probes.beginning import Beginning
from lamina.engine.plan import StepValues
from lamina.optimizers import LBFGS
from lamina.training.pace import Pace

__all__ = ["PaceFacts", "pace_facts"]

_MOST_STEPS = 1_000_000  # whose rates are looked at


@dataclass(frozen=True, slots=True)
class PaceFacts:
    """What the settings make of the rows.

    Attributes
    ----------
    num_rows : int
        Training rows.
    batch_size : int
        Rows a step.
    smallest_batch : int
        Rows of an epoch's last step.
    steps_per_epoch, epochs, steps : int
        Epochs and steps of the whole run at most; 0 if that is not known.
    first_rate, largest_rate, last_rate : float
        Learning rates of the run by the optimizer and its schedule, as far as this follows from the settings; NaN without.
    """

    num_rows: int
    batch_size: int
    smallest_batch: int
    steps_per_epoch: int
    epochs: int
    steps: int
    first_rate: float
    largest_rate: float
    last_rate: float


def pace_facts(beginning: Beginning, epochs: int | None = None) -> PaceFacts:
    """The facts about a run of ``epochs`` epochs."""
    pace = Pace(beginning.trainer.settings, beginning.subject.program, beginning.num_rows)
    size = beginning.num_rows if isinstance(beginning.trainer.optimizer, LBFGS) else pace.rows_a_step
    steps = -(-pace.rows_an_epoch // size)
    first, largest, last = _rates(beginning, pace, epochs or 1)
    return PaceFacts(
        num_rows=beginning.num_rows,
        batch_size=size,
        smallest_batch=pace.rows_an_epoch - (steps - 1) * size,
        steps_per_epoch=steps,
        epochs=epochs or 0,
        steps=(epochs or 0) * steps,
        first_rate=first,
        largest_rate=largest,
        last_rate=last,
    )


def _rates(beginning: Beginning, pace: Pace, epochs: int) -> tuple[float, float, float]:
    if isinstance(beginning.trainer.optimizer, LBFGS):
        return math.nan, math.nan, math.nan
    seen = min(epochs, max(1, _MOST_STEPS // pace.steps_an_epoch))
    values: StepValues = pace.values(beginning.trainer.settings.schedule, 0, seen, epochs)
    rates = values.learning_rates
    return float(rates[0]), float(rates.max()), float(rates[-1])
