"""Early stopping."""

from __future__ import annotations

import math
from typing import Any

from lamina.training.best_weights import BestWeights
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.callbacks.watched import watched
from lamina.training.history import Record
from lamina.validation import boolean, check_parameters, choice, integer, number, text

__all__ = ["EarlyStopping"]

_RULES = {"monitor": text(), "patience": integer(0), "tol": number(0), "mode": choice(("min", "max")), "restore_best": boolean()}


class EarlyStopping(Callback):
    """Ends the training when a watched number has not improved for more than ``patience`` epochs; the best weights come back.

    At the end of every epoch (smaller being better)::

        count ← 0 if value <= best − tol else count + 1;   best ← min(best, value)
        stop if count > patience

    These are scikit-learn's rules. Any improvement, also one under ``tol``, makes an epoch's weights the best, and they are
    handed back in the end whatever ended the training.

    Parameters
    ----------
    monitor : str, default="validation_loss"
        The key of the epoch's record that is watched: "validation_loss", "loss", or a metric such as "validation_accuracy".
    patience : int, default=10
        Epochs without an improvement that are borne, >= 0; scikit-learn's ``n_iter_no_change``.
    tol : float, default=1e-4
        How much better counts as an improvement, >= 0.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    restore_best : bool, default=True
        Whether the best weights come back. With False the last ones stay.

    Attributes
    ----------
    best : float
        The best value so far, in the number's own sign.
    best_epoch : int
        The epoch that reached it, from 1; 0 before the first.

    Raises
    ------
    InvalidSettingError
        If a setting is out of range, or, in training, the record lacks ``monitor``.

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
    ) -> None:
        settings = {"monitor": monitor, "patience": patience, "tol": tol, "mode": mode, "restore_best": restore_best}
        check_parameters(settings, _RULES, owner="EarlyStopping")
        self.monitor = monitor
        self.patience = patience
        self.tol = tol
        self.mode = mode
        self.restore_best = restore_best
        self._sign = -1.0 if mode == "max" else 1.0
        self._reset()

    def _reset(self) -> None:
        self.best_epoch = 0
        self._lowest = math.inf
        self._count = 0
        self._weights = BestWeights()
        self._running = False

    @property
    def best(self) -> float:
        return self._sign * self._lowest

    def on_fit_begin(self, trainer: Run) -> None:
        # A fit that goes on after a checkpoint keeps what it knows; a new one starts afresh.
        if not self._running:
            self._reset()
        self._running = True

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        value = self._sign * watched(record, self.monitor, owner="EarlyStopping")
        self._count = 0 if value <= self._lowest - self.tol else self._count + 1
        if value < self._lowest:
            self._lowest, self.best_epoch = value, record["epoch"]
            if self.restore_best:
                self._weights.offer(value, trainer.executor)
        if self._count > self.patience:
            code = "converged" if self.monitor == "loss" else "no_improvement"
            trainer.stop(code, self._sentence())

    def on_fit_end(self, trainer: Run) -> None:
        self._running = False
        self._weights.restore(trainer.executor)

    def state(self) -> dict[str, Any]:
        numbers = {"best_epoch": self.best_epoch, "lowest": self._lowest, "count": self._count, "running": self._running}
        return {**numbers, "weights": self._weights.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.best_epoch, self._lowest = state["best_epoch"], state["lowest"]
        self._count, self._running = state["count"], state["running"]
        self._weights.load_state(state["weights"])

    def _sentence(self) -> str:
        name = self.monitor.replace("_", " ")
        best = f"the best was {self.best:.6g}, in epoch {self.best_epoch}"
        return f"The {name} did not improve by more than {self.tol:g} for {self._count} epochs; {best}."
