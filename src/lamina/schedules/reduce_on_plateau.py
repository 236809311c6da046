"""A learning rate that falls when the validation loss stops improving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.schedules.schedule import ReactiveSchedule
from lamina.validation import boolean, choice, integer, number, text

__all__ = ["ReduceOnPlateau"]


@dataclass
class ReduceOnPlateau(ReactiveSchedule):
    """Multiplies the rate by ``reduction`` when the monitored number has not improved for more than ``patience`` epochs.

    At the end of every epoch::

        if value < best · (1 − tol):  best ← value, count ← 0;  else count ← count + 1
        if count > patience:  rate ← max(rate · reduction, minimum), count ← 0

    These are the rules and the defaults of torch's ``ReduceLROnPlateau``: the best only follows values that are better by the
    threshold, so small steps add up. For how they differ from other rules see :doc:`/how-to/early-stopping`.
    Unlike :class:`~lamina.schedules.Adaptive` it never ends the training.

    Parameters
    ----------
    reduction : float, default=0.1
        In (0, 1) (torch's ``factor``).
    patience : int, default=10
        Epochs without improvement that are tolerated, >= 0.
    tol : float, default=1e-4
        How much lower counts as an improvement, >= 0 (torch's ``threshold``).
    minimum : float, default=0.0
        The rate is not lowered below this, >= 0 (torch's ``min_lr``).
    monitor : str, default="validation_loss"
        The key of the epoch's record that is watched.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    relative : bool, default=True
        Whether ``tol`` is a fraction of the best (torch's ``threshold_mode="rel"``) or absolute (``"abs"``): ``best − tol`` in
        the formula above. The fraction is meant for numbers >= 0; below 0, as in torch, even a slightly worse number counts.
    cooldown : int, default=0
        Epochs after a reduction in which nothing is counted, >= 0.
    eps : float, default=1e-8
        A reduction by no more than this is skipped, >= 0.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(reduction=0.5, patience=0)
    >>> for loss in (1.0, 0.9, 0.9):
    ...     schedule.on_epoch_end(loss, base=0.2)
    >>> schedule.rates(0.2, first_step=3, num_steps=1).tolist()
    [0.1]
    """

    kind: ClassVar[str] = "reduce_on_plateau"
    convention: ClassVar[str] = "torch"
    rules: ClassVar = {
        "monitor": text(),
        "reduction": number(0, 1, closed="neither"),
        "patience": integer(0),
        "tol": number(0),
        "minimum": number(0),
        "mode": choice(("min", "max")),
        "relative": boolean(),
        "cooldown": integer(0),
        "eps": number(0),
    }

    reduction: float = 0.1
    patience: int = 10
    tol: float = 1e-4
    minimum: float = 0.0
    monitor: str = "validation_loss"
    mode: str = "min"
    relative: bool = True
    cooldown: int = 0
    eps: float = 1e-8

    def lowered(self, base: float) -> float:
        rate = base * self.factor
        lower = max(rate * self.reduction, self.minimum)
        return lower / base if rate - lower > self.eps else self.factor
