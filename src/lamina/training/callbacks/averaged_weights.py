"""The average of the weights along the training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina.caller import warn_caller
from lamina.errors import InvalidSettingError, phrase
from lamina.training.best_weights import BestWeights, Weights
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.training_warning import TrainingWarning
from lamina.training.watched import watched
from lamina.validation import boolean, check_parameters, choice, function, integer, number, one_of, returned_number, text, value

__all__ = ["AveragedWeights"]

_RULES = {
    "decay": number(0, 1),
    "start": integer(0),
    "every_steps": one_of(integer(1), value(None)),
    "monitor": one_of(text(), value(None)),
    "mode": choice(("min", "max")),
    "keep_first": boolean(),
    "measure": one_of(function("the trainer"), value(None)),
}


class AveragedWeights(Callback):
    """Averages the weights along the training, and ends with the average of the epoch in which it was best.

    With the n-th weights w, at the end of every epoch or every ``every_steps`` steps::

        average ← average + max(1 − decay, 1 / n) · (w − average)

    This is the mean of all weights at first, and with ``decay`` < 1 an exponential moving average later. Running statistics of
    batch normalizations are averaged with the weights.

    Training goes on from the weights themselves, of which the history's other numbers and early stopping tell. At the end of
    every epoch the average is measured, too, recorded as "averaged_validation_loss" (or with the name of another ``monitor``),
    and kept if it is the best so far. When training ends, the best average replaces the weights, also those that
    :class:`EarlyStopping` restores, which must come before it. The two are not compared: the best of many single epochs looks
    better on the validation rows than it is. In a training that is too short for its ``decay``, the average is behind the
    weights.

    Parameters
    ----------
    decay : float, default=0.8
        Share of the average that an update leaves, in [0, 1]; 1 gives all weights since ``start`` equal shares.
    start : int, default=0
        Epochs of a ``fit`` before averaging begins, >= 0.
    every_steps : int, optional
        Steps between updates, >= 1; by default one at the end of every epoch. A small number is slow, since the engine must
        return that often.
    monitor : str or None, default="validation_loss"
        What decides which average is the best: "validation_loss", or a metric of the trainer such as "validation_accuracy". None:
        the last average stays, for fits without validation rows.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    keep_first : bool, default=False
        Whether the weights that a ``fit`` begins with stay if no average is better. Not with ``monitor=None``.
    measure : callable, optional
        Where ``monitor`` is a number that another callback records, a function of the trainer that measures it.

    Attributes
    ----------
    best : float
        The best number of an average; infinite before the first.
    best_epoch : int
        The epoch whose average stays; 0 before the first, and if the first weights stay the best.

    Raises
    ------
    InvalidSettingError
        If a setting is out of range, or a ``fit`` has no validation rows, or no such metric.
    TrainingWarning
        If a ``fit`` ended before averaging began.

    References
    ----------
    Polyak & Juditsky, "Acceleration of stochastic approximation by averaging", 1992 (equal shares); Izmailov et al., "Averaging
    weights leads to wider optima and better generalization", 2018 (equal shares, from a late epoch on).

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 10))
    >>> y = X[:, 0] + rng.normal(size=400)
    >>> averaging = AveragedWeights()
    >>> trainer = Trainer(Sequential([Dense(32, activation="relu"), Dense(1)]), "squared_error", "adam", callbacks=averaging)
    >>> history = trainer.fit(X[:300], y[:300], validation_data=(X[300:], y[300:]), max_epochs=10)
    >>> averaging.best == min(history[:, "averaged_validation_loss"])
    True
    """

    replaces_weights = True

    def __init__(
        self,
        decay: float = 0.8,
        start: int = 0,
        every_steps: int | None = None,
        monitor: str | None = "validation_loss",
        mode: str = "min",
        keep_first: bool = False,
        measure: Callable[[Any], float] | None = None,
    ) -> None:
        settings: dict[str, Any] = {"decay": decay, "start": start, "every_steps": every_steps, "monitor": monitor, "mode": mode}
        check_parameters(settings | {"keep_first": keep_first, "measure": measure}, _RULES, owner="AveragedWeights")
        if keep_first and monitor is None:
            repair = "Name what decides, such as validation_loss."
            raise InvalidSettingError(
                phrase("keep_first", "must be False with monitor=None", True, repair=repair, owner="AveragedWeights")
            )
        self.decay = float(decay)
        self.start = int(start)
        self.every_steps = every_steps
        self.monitor = monitor
        self.mode = mode
        self.keep_first = keep_first
        self.measure = measure
        self._sign = -1.0 if mode == "max" else 1.0
        self._reset(0)

    def _reset(self, begins_after: int) -> None:
        self.best_epoch = 0
        self._begins_after = begins_after
        self._count = 0
        self._average: Weights | None = None
        self._best = BestWeights()
        self._running = False

    @property
    def best(self) -> float:
        return self._sign * self._best.value

    def on_fit_begin(self, trainer: Run) -> None:
        if self.monitor is not None and not trainer.has_validation:
            rule, repair = "must be None in a fit without validation rows", "The last average then stays."
            raise InvalidSettingError(phrase("monitor", rule, self.monitor, repair=repair, owner="AveragedWeights"))
        # A fit that continues from a checkpoint keeps its state; a new one starts from scratch.
        if not self._running:
            self._reset(trainer.epoch + self.start)
            if self.keep_first and self.monitor is not None:
                self._offer(self.monitor, 0, trainer)
        self._running = True

    def on_step_end(self, trainer: Run, losses: np.ndarray) -> None:
        if trainer.epoch >= self._begins_after:
            self._include(trainer)

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if record["epoch"] <= self._begins_after:
            return
        if self.every_steps is None:
            self._include(trainer)
        if self._average is not None and self.monitor is not None:
            watched(record, self.monitor, owner="AveragedWeights")  # raises if the trainer does not measure it
            with self.in_place(trainer):
                record[f"averaged_{self.monitor}"] = self._offer(self.monitor, record["epoch"], trainer)

    def on_training_end(self, trainer: Run) -> None:
        self._running = False
        code = None if trainer.stop_reason is None else trainer.stop_reason.code
        failed = code == "non_finite"
        if self._average is None and code not in (None, "non_finite", "interrupted"):
            self._say_that_it_never_began(trainer.epoch)
        if self.monitor is not None:
            self._best.restore(trainer.executor)
        elif self._average is not None and not failed:
            self._average.put(trainer.executor)
            self.best_epoch = trainer.epoch

    def epochs_ahead(self, trainer: Run) -> float:
        return max(1, self._begins_after - trainer.epoch)

    @contextmanager
    def in_place(self, trainer: Run) -> Iterator[None]:
        """Within the block the trainer has the average in place of its weights, if there is one yet."""
        present = Weights.of(trainer.executor)
        try:
            if self._average is not None:
                self._average.put(trainer.executor)
            yield
        finally:
            present.put(trainer.executor)

    def identity(self) -> dict[str, Any]:
        names = ("decay", "start", "every_steps", "monitor", "mode")
        first = {"keep_first": True} if self.keep_first else {}
        return super().identity() | {name: getattr(self, name) for name in names} | first

    def state(self) -> dict[str, Any]:
        average = None if self._average is None else self._average.to_dict()
        numbers = {"begins_after": self._begins_after, "count": self._count, "best_epoch": self.best_epoch}
        return {**numbers, "running": self._running, "average": average, "best": self._best.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self._begins_after, self._count, self.best_epoch = state["begins_after"], state["count"], state["best_epoch"]
        self._running = state["running"]
        self._average = None if state["average"] is None else Weights(**state["average"])
        self._best.load_state(state["best"])

    def _include(self, trainer: Run) -> None:
        """Move the average toward the present weights."""
        self._count += 1
        present = Weights.of(trainer.executor)
        if self._average is None:
            self._average = present
            return
        share = max(1.0 - self.decay, 1.0 / self._count)
        for average, weights in zip(self._average, present, strict=True):
            average += share * (weights - average)

    def _say_that_it_never_began(self, last_epoch: int) -> None:
        when = f"start={self.start} leaves out the epochs up to {self._begins_after}, and training ended after epoch {last_epoch}"
        stays = "The weights stay as they were trained. Lower start, or train for longer."
        warn_caller(f"AveragedWeights averaged nothing: {when}. {stays}", TrainingWarning)

    def _offer(self, monitor: str, epoch: int, trainer: Run) -> float:
        """The monitored number of the trainer's weights, which are kept if it is the best."""
        if self.measure is None:
            number = trainer.put_best([Weights.of(trainer.executor)], monitor)
        else:
            number = returned_number(self.measure(trainer), "measure", owner="AveragedWeights")
        if not math.isnan(number) and self._best.offer(self._sign * number, trainer.executor):
            self.best_epoch = epoch
        return number
