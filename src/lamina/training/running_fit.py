"""One ``fit`` from its first epoch to its last: how far it goes, what it validates on, and its best weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.caller import warn_caller
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches
from lamina.errors import NonFiniteError
from lamina.stop_reason import StopReason
from lamina.training.best_weights import BestWeights
from lamina.training.training_warning import TrainingWarning

__all__ = ["RunningFit", "report_failure"]


class RunningFit:
    """What a ``fit`` remembers until its end, and a checkpoint beyond that.

    Attributes
    ----------
    is_open : bool
        Whether it has begun and not yet ended; so it stays in a checkpoint that is written in its midst.
    first_epoch, last_epoch : int
        Epochs done when it began, and when it ends at the latest.
    validation : (Batches, targets) or None
        The targets are as the user gave them.
    best : BestWeights
        Those of the epoch with the lowest validation loss, or training loss when there is no validation.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.first_epoch = 0
        self.last_epoch = 0
        self.validation: tuple[Batches, Any] | None = None
        self.best = BestWeights()

    def open(self, executor: Executor, epoch: int, max_epochs: int, validation: tuple[Batches, Any] | None) -> bool:
        """Begin, unless a checkpoint was loaded in whose midst it is; returns whether it began."""
        begins = not self.is_open
        if begins:
            self.first_epoch = epoch
            self.best = BestWeights()
            self.best.keep(executor)
        self.is_open = True
        self.last_epoch = self.first_epoch + max_epochs
        self.validation = validation
        return begins

    def close(self, executor: Executor, reason: StopReason | None) -> None:
        """End; what was cut short gets its best weights back."""
        self.is_open = False
        self.validation = None
        code = None if reason is None else reason.code
        if code == "non_finite":
            self.best.restore(executor)
            executor.slots[:] = 0
        elif code == "interrupted" and np.isfinite(self.best.value):
            self.best.restore(executor)

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: data do not travel with what learnt from them."""
        return vars(self) | {"validation": None}

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        return {"is_open": self.is_open, "first_epoch": self.first_epoch, "best": self.best.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.is_open, self.first_epoch = state["is_open"], state["first_epoch"]
        self.best.load_state(state["best"])


def report_failure(reason: StopReason | None, epoch: int) -> None:
    """For a number that was not finite: a warning when there are good weights to go on with, else an error."""
    if reason is None or reason.code != "non_finite":
        return
    repair = "Lower the learning rate, scale the data, or clip the gradient."
    if epoch == 0:
        raise NonFiniteError(f"{reason.text} No epoch was done, so there are no trained weights. {repair}")
    warn_caller(f"{reason.text} The best weights so far are back. {repair}", TrainingWarning)
