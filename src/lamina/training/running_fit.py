"""The state of one ``fit``: its range of epochs, its validation data and its best weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.caller import warn_caller
from lamina.engine.plan import Batches
from lamina.errors import NonFiniteError
from lamina.stop_reason import StopReason
from lamina.training.best_weights import BestWeights, Weights, put_best
from lamina.training.drawn_rows import drawn_rows
from lamina.training.fingerprint import fingerprint
from lamina.training.finite import is_beyond, repair_of
from lamina.training.training_warning import TrainingWarning
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["RunningFit"]


class RunningFit:
    """The state of a ``fit`` until it ends; a checkpoint stores it too.

    Attributes
    ----------
    is_open : bool
        Whether it has started and not yet ended; this is stored in a checkpoint that is written during the fit.
    first_epoch, last_epoch : int
        Epochs done when it started, and when it ends at the latest.
    training : Batches or None
    validation : (Batches, targets) or None
        The targets are as the user gave them.
    best : BestWeights
        The weights of the epoch with the lowest validation loss, or training loss without validation data.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.first_epoch = 0
        self.last_epoch = 0
        self.training: Batches | None = None
        self.validation: tuple[Batches, Any] | None = None
        self.best = BestWeights()
        self._model: WeightedNetwork | None = None
        self._fingerprint: str | None = None
        self._first: Weights | None = None
        self._lowest = math.inf
        self._inputs_are_beyond = False

    def open(
        self, model: WeightedNetwork, epoch: int, max_epochs: int, training: Batches, validation: tuple[Batches, Any] | None
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

    def close(self) -> None:
        """End the fit."""
        self.is_open = False
        self.validation = self.training = None

    def draw_rows(self, count: int, seed: int) -> Batches:
        """See :meth:`lamina.training.Trainer.draw_rows`."""
        assert self.training is not None
        return drawn_rows(self.training, count, seed)

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
        inputs = [] if self.training is None else self.training.inputs
        self._inputs_are_beyond = any(is_beyond(array, self._model.executor.dtype) for array in inputs)

    def put_last_or_best(self, is_over: Callable[[], bool]) -> None:
        """After an interruption: keep the current weights, or restore those of the best epoch if they are better.

        With validation data the best epoch is known. Otherwise both are measured, unless ``is_over`` says that there is no time.
        """
        assert self._model is not None
        executor = self._model.executor
        if self.validation is not None:
            self.best.restore(executor)
            return
        last, best = Weights.of(executor), self.best.candidates[:1]
        if not best or best[0].equals(executor) or is_over():
            return
        lowest = put_best([last, *best], executor, self._comparable_loss)
        if is_over() or not math.isfinite(lowest):
            last.put(executor)

    def find_non_finite(self, measures: bool) -> str:
        """Name what is not finite, or "": weights, state or, if ``measures``, the loss of the training rows."""
        assert self._model is not None
        if not all(bool(np.isfinite(array).all()) for array in self._model.executor.snapshot()):
            return "a weight"
        return "the loss of the training rows" if measures and not math.isfinite(self._measured("loss")) else ""

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
            return self._model.loss(self.training)
        if monitor.startswith("validation_") and self.validation is not None:
            return self._model.measure(*self.validation).get(monitor.removeprefix("validation_"), math.nan)
        return math.nan

    def _comparable_loss(self) -> float:
        """The loss that weights are compared by: the validation loss if there is one and the training loss is finite."""
        loss = self._measured("loss")
        return self._measured("validation_loss") if math.isfinite(loss) and self.validation is not None else loss

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the data and the model."""
        return vars(self) | {"validation": None, "training": None, "_model": None}

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        if self._fingerprint is None and self.training is not None:
            self._fingerprint = fingerprint(self.training, self.validation and self.validation[0])
        first = None if self._first is None else self._first.to_dict()
        numbers = {"is_open": self.is_open, "first_epoch": self.first_epoch, "data": self._fingerprint}
        return {**numbers, "first": first, "best": self.best.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.is_open, self.first_epoch = state["is_open"], state["first_epoch"]
        self._first = None if state["first"] is None else Weights(**state["first"])
        self.best.load_state(state["best"])
