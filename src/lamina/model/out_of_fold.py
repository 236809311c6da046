"""Callback that keeps, for every validation row, the logits of the epoch that the other validation rows choose."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina.model.validation_metric import ValidationMetric
from lamina.training import AveragedWeights, Callback

if TYPE_CHECKING:
    from lamina.training import Trainer

__all__ = ["MOST_ROWS", "NUM_FOLDS", "OutOfFold", "OutOfFoldLogits"]

NUM_FOLDS = 10
MOST_ROWS = 20_000
"""The most rows to calibrate on; with as many, a coverage of 0.9 is known to 0.2 %."""


class OutOfFold(NamedTuple):
    """Logits that no row has chosen itself.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Numbers of the validation rows.
    folds : ndarray of shape (n,)
        The fold of each.
    logits : ndarray of shape (n, outputs)
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    """

    rows: np.ndarray
    folds: np.ndarray
    logits: np.ndarray
    weight: np.ndarray | None


class OutOfFoldLogits(Callback):
    """Keeps, for every validation row, the logits of the epoch that the other validation rows choose.

    The validation rows choose the epoch whose weights are kept, so these weights predict them better than they predict new rows,
    and what is calibrated on them would promise too much. Here the rows are divided at random into ten folds, and the logits
    of a fold are those of the epoch that is best on the nine others: cross-conformal prediction (Vovk 2015), in which the
    number of epochs is all that a fold is left out of. The kept weights, which all rows choose, do not change.

    Parameters
    ----------
    metric : ValidationMetric, optional
        What chooses the epoch; by default, the loss.
    larger_is_better : bool, default=False
        Whether the metric is a score.
    keep_first : bool, default=False
        Whether the weights that a fit begins with may be chosen.
    seed : int, default=0
        Of the folds.
    averaging : AveragedWeights, optional
        Whose average it is that is chosen and predicts, in place of an epoch's weights; to be called before this callback.

    Attributes
    ----------
    kept : OutOfFold or None
        None before the first epoch, and with fewer than two validation rows.

    References
    ----------
    Vovk, "Cross-conformal predictors", 2015.
    """

    def __init__(
        self,
        metric: ValidationMetric | None = None,
        *,
        larger_is_better: bool = False,
        keep_first: bool = False,
        seed: int = 0,
        averaging: AveragedWeights | None = None,
    ) -> None:
        self.metric = metric
        self.larger_is_better = larger_is_better
        self.keep_first = keep_first
        self.seed = seed
        self.averaging = averaging
        self.kept: OutOfFold | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:  # type: ignore[override]
        data = trainer.validation_data
        self.kept, self._parts = None, []
        if data is None or data.num_rows < 2:
            return
        order = np.random.default_rng(self.seed).permutation(data.num_rows)[:MOST_ROWS]
        self._rows, self._folds = order, np.arange(len(order)) % NUM_FOLDS
        num_folds = min(NUM_FOLDS, len(order))
        weight = data.sample_weight
        for fold in range(num_folds):
            part = order[self._folds == fold]
            self._parts.append((data.inputs[0][part], data.targets[0][part], None if weight is None else weight[part]))
        self._judges = [self._metric_outside(fold) for fold in range(num_folds)] if self.metric else []
        self._lowest = np.full(num_folds, np.inf)
        if self.keep_first:
            self._offer(trainer)

    def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:  # type: ignore[override]
        with nullcontext() if self.averaging is None else self.averaging.in_place(trainer):
            self._offer(trainer)

    def on_fit_end(self, trainer: Trainer) -> None:  # type: ignore[override]
        self._parts, self._judges = [], []

    def state(self) -> dict[str, Any]:
        return {"kept": None if self.kept is None else self.kept._asdict()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.kept = None if state["kept"] is None else OutOfFold(**state["kept"])

    def _metric_outside(self, fold: int) -> ValidationMetric:
        """The metric of the rows that are in no fold, or in another one."""
        assert self.metric is not None
        judged = self.metric.rows
        outside = np.setdiff1d(np.arange(len(judged.y)), self._rows[self._folds == fold])
        weight = None if judged.weight is None else judged.weight[outside]
        return ValidationMetric(self.metric.name, judged._replace(X=judged.X[outside], y=judged.y[outside], weight=weight))

    def _offer(self, trainer: Trainer) -> None:
        """Keep the present logits of every fold for which the other rows say that the present weights are the best so far."""
        if not self._parts:
            return
        values = self._values(trainer)
        better = np.flatnonzero(values < self._lowest)
        for fold in better:
            logits = np.asarray(trainer.predict_logits(self._parts[fold][0]))
            if self.kept is None:
                self.kept = self._room(trainer, logits)
            self.kept.logits[self._folds == fold] = logits
        self._lowest[better] = values[better]

    def _room(self, trainer: Trainer, logits: np.ndarray) -> OutOfFold:
        data: Any = trainer.validation_data
        room = np.full((len(self._rows), logits.shape[1]), np.nan, logits.dtype)
        weight = None if data.sample_weight is None else data.sample_weight[self._rows]
        return OutOfFold(self._rows, self._folds, room, weight)

    def _values(self, trainer: Trainer) -> np.ndarray:
        """What the rows outside of each fold say of the present weights; smaller is better."""
        if self._judges:
            measured = np.array([judge.measured(trainer) for judge in self._judges])
            return -measured if self.larger_is_better else measured
        losses = np.array([trainer.evaluate(*part)["loss"] for part in self._parts])
        shares = np.array([len(y) if weight is None else weight.sum() for _, y, weight in self._parts])
        sums = losses * shares
        return np.asarray((sums.sum() - sums) / (shares.sum() - shares))
