"""What the steps of a call depend on besides their rows: a table, which goes to the device as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lamina.engine.formulas.array import Array
from lamina.engine.plan import Batches, StepValues
from lamina.engine.reference.objective import head_scales
from lamina.engine.reference.rows import total_weight
from lamina.engine.reference.step import Step

__all__ = ["Columns", "StepNumbers"]


class StepNumbers(NamedTuple):
    """The numbers of a step, plain ones or scalars on the device.

    ``t``: the step, counted from 1. ``total``: the sum of the rows' weights, infinite if it is not above 0. ``scales``: see
    :func:`~lamina.engine.reference.objective.head_scales`. ``rates``: of dropout; None for the ops' own.
    """

    t: Array | float
    learning_rate: Array | float
    weight_decay: Array | float | None
    total: Array | float
    penalty_factor: Array | float
    scales: Sequence[Array | float]
    rates: Sequence[Array | float] | None


class Columns(NamedTuple):
    """Which numbers the steps of a call have: those of ``num_heads`` losses; a weight decay; ``num_rates`` rates of dropout."""

    num_heads: int
    has_decay: bool
    num_rates: int

    @classmethod
    def of(cls, learner: Step, values: StepValues) -> Columns:
        has_decay = values.weight_decays is not None and bool(np.any(values.weight_decays))
        num_rates = 0 if values.dropout_rates is None else len(learner.program.mask_rates)
        return cls(len(learner.program.heads), has_decay, num_rates)

    @property
    def width(self) -> int:
        """The number of columns."""
        return 5 + self.num_heads + self.num_rates

    def table(self, learner: Step, data: Batches, batches: np.ndarray, first_step: int, values: StepValues) -> np.ndarray:
        """A row for each step on the rows of ``batches``, float64 (steps, width)."""
        table = np.empty((len(batches), self.width))
        for k, rows in enumerate(batches):
            rate, decay, rates = values.at(k)
            total = total_weight(data, rows)
            known = (first_step + k + 1, rate, decay, total if total > 0 else np.inf, learner.penalty_factor(total))
            table[k] = *known, *head_scales(learner.program, total), *(rates if rates is not None and self.num_rates else ())
        return table

    def read(self, row: Sequence[Array | float]) -> StepNumbers:
        """The numbers in a row of the table."""
        t, rate, decay, total, factor, *others = row
        scales, rates = others[: self.num_heads], others[self.num_heads :]
        return StepNumbers(t, rate, decay if self.has_decay else None, total, factor, scales, rates if self.num_rates else None)
