"""One ``fit`` from its first epoch to its last: how far it goes, what it validates on, and its best weights."""

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
from lamina.training.fingerprint import fingerprint
from lamina.training.finite import is_beyond, repair_of
from lamina.training.training_warning import TrainingWarning
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["RunningFit"]


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
        self._model: WeightedNetwork | None = None
        self._training: Batches | None = None
        self._fingerprint: str | None = None
        self._first: Weights | None = None
        self._lowest = math.inf
        self._inputs_are_beyond = False

    def open(
        self, model: WeightedNetwork, epoch: int, max_epochs: int, training: Batches, validation: tuple[Batches, Any] | None
    ) -> None:
        """Begin, unless a checkpoint was loaded in whose midst it is."""
        if not self.is_open:
            self.first_epoch = epoch
            self.best = BestWeights()
            self._first = Weights.of(model.executor)
        self.is_open = True
        self.last_epoch = self.first_epoch + max_epochs
        self.validation = validation
        self._model, self._training, self._fingerprint = model, training, None

    def close(self) -> None:
        """End."""
        self.is_open = False
        self.validation = self._training = None

    def put_best(
        self, candidates: Sequence[Weights], monitor: str, *, larger_is_better: bool = False, also_first: bool = False
    ) -> float:
        """See :meth:`lamina.training.Trainer.put_best`; ``also_first`` adds the weights that the ``fit`` began with."""
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
        """After a failure: the best of the weights that were kept, or the first; the optimizer begins anew."""
        assert self._model is not None
        first = [] if self._first is None else [self._first]
        self._lowest = put_best([*self.best.candidates, *first], self._model.executor, self._comparable_loss)
        self._model.executor.restore(slots=np.zeros_like(self._model.executor.snapshot().slots))
        inputs = [] if self._training is None else self._training.inputs
        self._inputs_are_beyond = any(is_beyond(array, self._model.executor.dtype) for array in inputs)

    def put_last_or_best(self, is_over: Callable[[], bool]) -> None:
        """After an interruption: the weights as they are, or those of the best epoch if these are better.

        What was validated has its number already. Otherwise both are measured, unless ``is_over`` says that there is no time.
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
        """What must not be called a success, if there is such: weights, state or, if it ``measures``, the loss of all rows."""
        assert self._model is not None
        if not all(bool(np.isfinite(array).all()) for array in self._model.executor.snapshot()):
            return "a weight"
        return "the loss of the training rows" if measures and not math.isfinite(self._measured("loss")) else ""

    def report_failure(self, reason: StopReason | None, epoch: int) -> None:
        """For a number that was not finite: a warning when there are good weights to go on with, else an error."""
        if reason is None or reason.code != "non_finite":
            return
        assert self._model is not None
        repair = "Lower the learning rate, scale the data, or clip the gradient."
        if self._inputs_are_beyond:
            repair = f"X holds numbers beyond {self._model.executor.dtype}. {repair_of(self._model.executor.dtype)}"
        if epoch == 0:
            raise NonFiniteError(f"{reason.text} No epoch was done, so there are no trained weights. {repair}")
        if not math.isfinite(self._lowest):
            raise NonFiniteError(f"{reason.text} No weights with a finite loss are known. {repair}")
        back = "The best weights so far are back."
        if self._first is not None and self._first.equals(self._model.executor):
            back = "The weights from before the fit are back: no later ones are better."
        warn_caller(f"{reason.text} {back} {repair}", TrainingWarning)

    def _measured(self, monitor: str) -> float:
        """A number at the present weights; NaN if it is of a kind that cannot be measured."""
        assert self._model is not None
        if monitor == "loss" and self._training is not None:
            return self._model.loss(self._training)
        if monitor.startswith("validation_") and self.validation is not None:
            return self._model.measure(*self.validation).get(monitor.removeprefix("validation_"), math.nan)
        return math.nan

    def _comparable_loss(self) -> float:
        """By what weights are compared: the validation loss if there is one, once that of the training rows is finite."""
        loss = self._measured("loss")
        return self._measured("validation_loss") if math.isfinite(loss) and self.validation is not None else loss

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: data do not travel with what learnt from them."""
        return vars(self) | {"validation": None, "_training": None, "_model": None}

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        if self._fingerprint is None and self._training is not None:
            self._fingerprint = fingerprint(self._training, self.validation and self.validation[0])
        first = None if self._first is None else self._first.to_dict()
        numbers = {"is_open": self.is_open, "first_epoch": self.first_epoch, "data": self._fingerprint}
        return {**numbers, "first": first, "best": self.best.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.is_open, self.first_epoch = state["is_open"], state["first_epoch"]
        self._first = None if state["first"] is None else Weights(**state["first"])
        self.best.load_state(state["best"])
