"""A learning rate that falls when the validation loss stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.schedules.schedule import ReactiveSchedule
from lamina.validation import choice, integer, number, text

__all__ = ["ReduceOnPlateau"]


@dataclass
class ReduceOnPlateau(ReactiveSchedule):
    """The rate is multiplied by ``reduction`` when the watched number has not improved for more than ``patience`` epochs.

    At the end of every epoch::

        count ← 0 if value <= best − tol else count + 1;   best ← min(best, value)
        if count > patience:  rate ← max(rate · reduction, minimum), count ← 0

    Unlike :class:`~lamina.schedules.Adaptive` it never ends the training.

    Parameters
    ----------
    reduction : float, default=0.1
        In (0, 1).
    patience : int, default=10
        Epochs without an improvement that are borne, >= 0.
    tol : float, default=1e-4
        How much lower counts as an improvement, >= 0; absolute (torch's default is a relative one).
    minimum : float, default=0.0
        The rate never falls under this, >= 0.
    monitor : str, default="validation_loss"
        The key of the epoch's record that is watched.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(reduction=0.5, patience=0)
    >>> for loss in (1.0, 0.9, 0.9):
    ...     schedule.on_epoch_end(loss, base=0.2)
    >>> schedule.rates(0.2, first_step=3, num_steps=1).tolist()
    [0.1]
    """

    kind: ClassVar[str] = "reduce_on_plateau"
    rules: ClassVar = {
        "monitor": text(),
        "reduction": number(0, 1, closed="neither"),
        "patience": integer(0),
        "tol": number(0),
        "minimum": number(0),
        "mode": choice(("min", "max")),
    }

    reduction: float = 0.1
    patience: int = 10
    tol: float = 1e-4
    minimum: float = 0.0
    monitor: str = "validation_loss"
    mode: str = "min"

    def lowered(self, base: float) -> float:
        return max(self.factor * self.reduction, self.minimum / base)
