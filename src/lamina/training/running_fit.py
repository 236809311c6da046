"""The state of one ``fit``: its range of epochs, its validation data and its best weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.caller import warn_caller
from lamina.errors import NonFiniteError
from lamina.stop_reason import StopReason
from lamina.training.best_weights import BestWeights, Weights, put_best
from lamina.training.epoch import Epoch
from lamina.training.finite import repair_of
from lamina.training.rows import Rows
from lamina.training.training_warning import TrainingWarning
from lamina.training.validation_rows import ValidationRows
from lamina.training.weighted_network import WeightedNetwork

if TYPE_CHECKING:
    from lamina.engine.plan import Batches

__all__ = ["RunningFit", "checksum"]


def checksum(training: Rows, validation: ValidationRows | None) -> str:
    """A checksum that tells the rows of a fit from others."""
    return training.fingerprint(None if validation is None else validation.first)


class RunningFit:
    """The state of a ``fit`` until it ends; a checkpoint stores it too.

    Attributes
    ----------
    is_open : bool
        Whether it has started and not yet ended; this is stored in a checkpoint that is written during the fit.
    first_epoch, last_epoch : int
        Epochs done when it started, and when it ends at the latest.
    training : Rows or None
    validation : ValidationRows or None
    begun : Epoch or None
        The epoch that is being trained: the place within the rows.
    best : BestWeights
        The weights of the epoch with the lowest validation loss, or training loss without validation data.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.first_epoch = 0
        self.last_epoch = 0
        self.training: Rows | None = None
        self.validation: ValidationRows | None = None
        self.best = BestWeights()
        self._model: WeightedNetwork | None = None
        self._fingerprint: str | None = None
        self._num_rows: int | None = None  # of a checkpoint
        self.begun: Epoch | None = None
        self._first: Weights | None = None
        self._lowest = math.inf
        self._inputs_are_beyond = False

    def open(
        self, model: WeightedNetwork, epoch: int, max_epochs: int, training: Rows, validation: ValidationRows | None
    ) -> None:
        """Start a fit, or continue the one that a loaded checkpoint was written in."""
        if not self.is_open:
            self.first_epoch = epoch
            self.best = BestWeights()
            self._first = Weights.of(model.executor)
        self.is_open = True
        self.last_epoch = self.first_epoch + max_epochs
        self.validation = validation
        self._model, self.training, self._fingerprint = model, training, None
        training.know(self._num_rows)

    def close(self) -> None:
        """End the fit."""
        self.is_open = False
        self.validation = self.training = self.begun = self._num_rows = None

    def draw_rows(self, count: int, seed: int) -> Batches:
        """See :meth:`lamina.training.Trainer.draw_rows`."""
        assert self.training is not None
        return self.training.draw(count, seed)

    def put_best(
        self, candidates: Sequence[Weights], monitor: str, *, larger_is_better: bool = False, also_first: bool = False
    ) -> float:
        """See :meth:`lamina.training.Trainer.put_best`; ``also_first`` adds the weights that the ``fit`` started with."""
        assert self._model is not None
        executor, sign = self._model.executor, -1.0 if larger_is_better else 1.0
        present = Weights.of(executor)
        first = [self._first] if also_first and self._first is not None else []
        lowest = put_best([*candidates, *first], executor, lambda: sign * self._measured(monitor))
        if math.isfinite(lowest):
            return sign * lowest
        present.put(executor)
        return math.nan

    def recover(self) -> None:
        """After a failure: restore the best of the kept weights, or the first ones, and reset the optimizer's state."""
        assert self._model is not None
        first = [] if self._first is None else [self._first]
        self._lowest = put_best([*self.best.candidates, *first], self._model.executor, self._comparable_loss)
        self._model.executor.restore(slots=np.zeros_like(self._model.executor.snapshot().slots))
        self._inputs_are_beyond = self.training is not None and self.training.are_beyond(self._model.executor.dtype)

    def put_last_or_best(self, is_over: Callable[[], bool]) -> None:
        """After an interruption: keep the current weights, or restore those of the best epoch if they are better.

        With validation data the best epoch is known. Otherwise both are measured, unless ``is_over`` says that there is no time,
        or it would take passes over blocks: then the current ones stay.
        """
        assert self._model is not None
        executor = self._model.executor
        if self.validation is not None:
            self.best.restore(executor)
            return
        last, best = Weights.of(executor), self.best.candidates[:1]
        is_long = self.training is not None and self.training.all is None
        if not best or is_long or best[0].equals(executor) or is_over():
            return
        lowest = put_best([last, *best], executor, self._comparable_loss)
        if is_over() or not math.isfinite(lowest):
            last.put(executor)

    def find_non_finite(self, measures: bool) -> str:
        """Name what is not finite, or "": weights, state or, if ``measures``, the loss of the training rows."""
        assert self._model is not None
        if not all(bool(np.isfinite(array).all()) for array in self._model.executor.snapshot()):
            return "a weight"
        if not measures or self.training is None:
            return ""
        return "" if math.isfinite(self.training.final_loss(self._model)) else "the loss of the training rows"

    def report_failure(self, reason: StopReason | None, epoch: int) -> None:
        """After a NaN or infinite number: warn if there are good weights to continue with, else raise."""
        if reason is None or reason.code != "non_finite":
            return
        assert self._model is not None
        repair = "Lower the learning rate, scale the data, or clip the gradient."
        if self._inputs_are_beyond:
            repair = f"X holds numbers beyond the range of {self._model.executor.dtype}. {repair_of(self._model.executor.dtype)}"
        if epoch == 0:
            raise NonFiniteError(f"{reason.text} No epoch was completed, so there are no trained weights. {repair}")
        if not math.isfinite(self._lowest):
            raise NonFiniteError(f"{reason.text} No weights with a finite loss are known. {repair}")
        back = "The best weights so far were restored."
        if self._first is not None and self._first.equals(self._model.executor):
            back = "The weights from before the fit were restored: no later ones are better."
        warn_caller(f"{reason.text} {back} {repair}", TrainingWarning)

    def _measured(self, monitor: str) -> float:
        """A monitored number at the current weights; NaN if it cannot be measured."""
        assert self._model is not None
        if monitor == "loss" and self.training is not None:
            return self.training.loss(self._model)
        if monitor.startswith("validation_") and self.validation is not None:
            return self.validation.measure(self._model).get(monitor.removeprefix("validation_"), math.nan)
        return math.nan

    def _comparable_loss(self) -> float:
        """The loss that weights are compared by: the validation loss if there is one and the training loss is finite."""
        loss = self._measured("loss")
        return self._measured("validation_loss") if math.isfinite(loss) and self.validation is not None else loss

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the data and the model."""
        return vars(self) | {"validation": None, "training": None, "begun": None, "_model": None}

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        if self._fingerprint is None and self.training is not None:
            self._fingerprint = checksum(self.training, self.validation)
        first = None if self._first is None else self._first.to_dict()
        rows = None if self.training is None else self.training.num_rows
        numbers = {"is_open": self.is_open, "first_epoch": self.first_epoch, "data": self._fingerprint, "num_rows": rows}
        begun = None if self.begun is None else self.begun.state()
        return {**numbers, "first": first, "best": self.best.state(), "begun": begun}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.is_open, self.first_epoch = state["is_open"], state["first_epoch"]
        self._first = None if state["first"] is None else Weights(**state["first"])
        self.best.load_state(state["best"])
        self._num_rows = state["num_rows"]
        self.begun = None if state["begun"] is None else Epoch.from_state(state["begun"])
