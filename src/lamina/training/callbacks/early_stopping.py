"""Early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lamina.patience import Patience
from lamina.training.best_weights import BestWeights, Weights
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.watched import watched
from lamina.validation import boolean, check_parameters, choice, function, integer, number, one_of, returned_number, text

__all__ = ["EarlyStopping"]

_RULES = {
    "monitor": text(),
    "patience": integer(0),
    "tol": number(0),
    "mode": choice(("min", "max")),
    "restore_best": boolean(),
    "relative": boolean(),
    "keep_first": one_of(boolean(), function("the trainer")),
}


class EarlyStopping(Callback):
    """Stops training when a monitored number has not improved for ``patience`` epochs, and restores the best weights.

    At the end of every epoch (if smaller is better)::

        if value < reference − tol:  reference ← value, count ← 0;  else count ← count + 1
        stop if count >= patience

    These are Keras' rules; ``tol`` is its ``min_delta``. The reference only follows values that are better by more than ``tol``,
    so small steps add up until they count; with ``tol=0`` an equal value is no improvement, and NaN never is. The restored
    weights are those of the lowest value of all, whether or not it counted, whatever ended the training. For how the rule
    differs from others see :doc:`/how-to/early-stopping`.

    Parameters
    ----------
    monitor : str, default="validation_loss"
        The key of the epoch's record that is watched: "validation_loss", "loss", or a metric such as "validation_accuracy".
    patience : int, default=10
        Epochs without improvement after which training stops, >= 0; 0 means the same as 1.
    tol : float, default=1e-4
        An improvement must be larger than this, >= 0.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    restore_best : bool, default=True
        Whether to restore the best weights. With False the last weights stay.
    relative : bool, default=False
        Whether ``tol`` is a fraction of the reference: ``reference − tol · |reference|`` in the formula above.
    keep_first : bool or callable, default=False
        Whether the weights that a ``fit`` begins with are among the best, as epoch 0, and later values must improve on theirs. So
        training that goes on never ends worse. The trainer measures them; where ``monitor`` is a number that a callback
        records, give a function of the trainer that measures it. The monitor "loss" is measured while weights change and with
        dropout, so they are then compared at the end alone.

    Attributes
    ----------
    best : float
        The best value so far, in its original sign.
    best_epoch : int
        The epoch that reached it, from 1; 0 before the first, and if the first weights stay the best.

    Raises
    ------
    InvalidSettingError
        If a setting is out of range or, during training, if the record lacks ``monitor``.

    References
    ----------
    Prechelt, "Early stopping: but when?", 1998.

    Examples
    --------
    >>> EarlyStopping("validation_accuracy", patience=5, mode="max").best
    -inf
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        patience: int = 10,
        tol: float = 1e-4,
        mode: str = "min",
        restore_best: bool = True,
        relative: bool = False,
        keep_first: bool | Callable[[Any], float] = False,
    ) -> None:
        settings: dict[str, Any] = {"monitor": monitor, "patience": patience, "tol": tol, "mode": mode}
        settings |= {"restore_best": restore_best, "relative": relative, "keep_first": keep_first}
        check_parameters(settings, _RULES, owner="EarlyStopping")
        self.monitor = monitor
        self.patience = patience
        self.tol = tol
        self.mode = mode
        self.restore_best = restore_best
        self.relative = relative
        self.keep_first = keep_first
        self._sign = -1.0 if mode == "max" else 1.0
        self._reset()

    def _reset(self) -> None:
        self.best_epoch = 0
        self._lowest = math.inf
        self._patience = Patience(self.patience, self.tol, "keras", mode=self.mode, relative=self.relative)
        self._weights = BestWeights()
        self._running = False

    @property
    def best(self) -> float:
        return self._sign * self._lowest

    @property
    def restores_weights(self) -> bool:
        return self.restore_best

    def on_fit_begin(self, trainer: Run) -> None:
        # A fit that continues from a checkpoint keeps its state; a new one starts from scratch.
        if not self._running:
            self._reset()
            if self.keep_first and self.monitor != "loss":
                self._note_first(trainer)
        self._running = True

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        self._note(watched(record, self.monitor, owner="EarlyStopping"), record["epoch"], trainer)
        if self._patience.is_over:
            code = "converged" if self.monitor == "loss" else "no_improvement"
            trainer.stop(code, self._sentence())

    def on_training_end(self, trainer: Run) -> None:
        self._running = False
        if not self._weights.candidates:
            return
        failed = trainer.stop_reason is not None and trainer.stop_reason.code == "non_finite"
        if self.monitor == "loss":
            # The training loss is measured before each update, so the best weights are not yet known.
            trainer.put_best(self._weights.candidates, also_first=bool(self.keep_first))
            if self.keep_first and not any(weights.equals(trainer.executor) for weights in self._weights.candidates):
                self.best_epoch = 0
        elif failed and self.monitor.startswith("validation_"):
            trainer.put_best(self._weights.candidates[:1], self.monitor, larger_is_better=self.mode == "max")
        else:
            self._weights.restore(trainer.executor)

    def identity(self) -> dict[str, Any]:
        names = ("monitor", "patience", "tol", "mode", "restore_best", "relative")
        first = {"keep_first": True} if self.keep_first else {}
        return {**super().identity(), **{name: getattr(self, name) for name in names}, **first}

    def state(self) -> dict[str, Any]:
        numbers = {"best_epoch": self.best_epoch, "lowest": self._lowest, "running": self._running}
        return {**numbers, "patience": self._patience.state(), "weights": self._weights.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.best_epoch, self._lowest, self._running = state["best_epoch"], state["lowest"], state["running"]
        self._patience.load_state(state["patience"])
        self._weights.load_state(state["weights"])

    def _note_first(self, trainer: Run) -> None:
        if callable(self.keep_first):
            value = returned_number(self.keep_first(trainer), "keep_first", owner="EarlyStopping")
        else:
            value = trainer.put_best([Weights.of(trainer.executor)], self.monitor)
        if not math.isnan(value):
            self._note(value, 0, trainer)

    def _note(self, given: float, epoch: int, trainer: Run) -> None:
        value = self._sign * given
        self._patience.note(given)
        if value < self._lowest:
            self._lowest, self.best_epoch = value, epoch
            if self.restore_best:
                self._weights.offer(value, trainer.executor)

    def _sentence(self) -> str:
        name = self.monitor.replace("_", " ")
        place = f"in epoch {self.best_epoch}" if self.best_epoch else "before the first epoch"
        best = f"the best was {self.best:.6g}, {place}" if self._lowest < math.inf else "it was finite in none"
        return f"The {name} {self._patience.finding()}; {best}."
