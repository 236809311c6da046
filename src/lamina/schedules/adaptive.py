"""scikit-learn's adaptive learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.schedules.schedule import ReactiveSchedule
from lamina.validation import choice, integer, number, text

__all__ = ["Adaptive"]


@dataclass
class Adaptive(ReactiveSchedule):
    """Divides the rate by ``divisor`` when the loss stops falling; training ends when the rate is tiny.

    At the end of every epoch, with ``tol``, ``patience``::

        count ← 0 if value <= best − tol else count + 1;   best ← min(best, value)
        if count > patience:  rate ← rate / divisor, count ← 0;  or training ends, if rate <= minimum already

    These are scikit-learn's rules for ``learning_rate="adaptive"``; ``patience`` is its ``n_iter_no_change``. For how they differ
    from other rules see :doc:`/how-to/early-stopping`.

    Parameters
    ----------
    divisor : float, default=5.0
        > 1.
    patience : int, default=10
        Epochs without improvement that are tolerated, >= 0.
    tol : float, default=1e-4
        How much lower counts as an improvement, >= 0; with 0 an equal value counts too.
    minimum : float, default=1e-6
        A rate at or below this is not lowered any further, >= 0.
    monitor : str, default="loss"
        The key of the epoch's record that is watched.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.

    Examples
    --------
    >>> schedule = Adaptive(patience=0)
    >>> schedule.on_epoch_end(1.0, base=0.5)
    >>> schedule.on_epoch_end(1.0, base=0.5)
    >>> schedule.rates(0.5, first_step=8, num_steps=1).tolist()
    [0.1]
    """

    kind: ClassVar[str] = "adaptive"
    convention: ClassVar[str] = "scikit-learn"
    rules: ClassVar = {
        "monitor": text(),
        "divisor": number(1, closed="neither"),
        "patience": integer(0),
        "tol": number(0),
        "minimum": number(0),
        "mode": choice(("min", "max")),
    }

    divisor: float = 5.0
    patience: int = 10
    tol: float = 1e-4
    minimum: float = 1e-6
    monitor: str = "loss"
    mode: str = "min"

    def lowered(self, base: float) -> float | None:
        return None if base * self.factor <= self.minimum else self.factor / self.divisor
