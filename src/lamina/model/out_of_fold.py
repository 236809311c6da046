"""Callback that keeps, for every validation row, the logits of the epoch that the other validation rows choose."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina.losses.row_losses import mean_loss, row_losses
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

    One pass over the validation rows judges weights, by :meth:`offer`: another callback may take its number as its own measure,
    which then costs nothing more.

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
    is_asked : bool, default=False
        Whether others call :meth:`offer`, for the first weights and after each epoch; this callback must then come before them.

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
        is_asked: bool = False,
    ) -> None:
        self.metric = metric
        self.larger_is_better = larger_is_better
        self.keep_first = keep_first
        self.seed = seed
        self.averaging = averaging
        self.is_asked = is_asked
        self.kept: OutOfFold | None = None
        self._folds: np.ndarray | None = None
        self._lowest = np.empty(0)
        self._running = False

    def on_fit_begin(self, trainer: Trainer) -> None:  # type: ignore[override]
        data = trainer.validation_data
        self._folds = None
        # A fit that continues from a checkpoint keeps its state; a new one starts from scratch.
        goes_on, self._running = self._running, True
        if not goes_on:
            self.kept = None
        if data is None or data.num_rows < 2:
            return
        order = np.random.default_rng(self.seed).permutation(data.num_rows)[:MOST_ROWS]
        num_folds = min(NUM_FOLDS, len(order))
        self._folds = np.full(data.num_rows, num_folds)  # of the rows beyond the most: in none
        self._folds[order] = np.arange(len(order)) % num_folds
        self._rows = order
        if not goes_on:
            self._lowest = np.full(num_folds, np.inf)
            if self.keep_first and not self.is_asked:
                self.offer(trainer)

    def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:  # type: ignore[override]
        if not self.is_asked and self._folds is not None:
            with nullcontext() if self.averaging is None else self.averaging.in_place(trainer):
                self.offer(trainer)

    def on_training_end(self, trainer: Trainer) -> None:  # type: ignore[override]
        self._running = False

    def state(self) -> dict[str, Any]:
        kept = None if self.kept is None else self.kept._asdict()
        return {"kept": kept, "lowest": self._lowest, "running": self._running}

    def load_state(self, state: dict[str, Any]) -> None:
        self.kept = None if state["kept"] is None else OutOfFold(**state["kept"])
        self._lowest, self._running = state["lowest"], state["running"]

    def offer(self, trainer: Trainer) -> float:
        """The loss or metric of all validation rows at the present weights.

        The logits of every fold are kept for which the other rows say that these weights are the best so far.
        """
        data: Any = trainer.validation_data
        logits = np.asarray(trainer.predict_logits(data.inputs[0]))
        judge = self._loss_of if self.metric is None else self._metric_of
        of_all, outside = judge(trainer, logits)
        if self._folds is None:
            return of_all
        values = -outside if self.larger_is_better else outside
        better = np.flatnonzero(values < self._lowest)
        if len(better):
            if self.kept is None:
                self.kept = self._room(trainer, logits)
            chosen = np.isin(self.kept.folds, better)
            self.kept.logits[chosen] = logits[self.kept.rows[chosen]]
            self._lowest[better] = values[better]
        return of_all

    def _room(self, trainer: Trainer, logits: np.ndarray) -> OutOfFold:
        data: Any = trainer.validation_data
        room = np.full((len(self._rows), logits.shape[1]), np.nan, logits.dtype)
        weight = None if data.sample_weight is None else data.sample_weight[self._rows]
        assert self._folds is not None
        return OutOfFold(self._rows, self._folds[self._rows], room, weight)

    def _loss_of(self, trainer: Trainer, logits: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss of all rows, and that of the rows outside of each fold."""
        data: Any = trainer.validation_data
        losses = row_losses(trainer.losses[0], logits, data.targets[0])
        of_all = mean_loss(losses, data.sample_weight)
        if self._folds is None:
            return of_all, np.empty(0)
        weight = np.ones(len(losses)) if data.sample_weight is None else data.sample_weight.astype(np.float64)
        num_folds = len(self._lowest)
        sums, shares = (np.bincount(self._folds, each, num_folds + 1) for each in (losses * weight, weight))
        with np.errstate(invalid="ignore"):  # of losses that are infinite
            return of_all, (sums.sum() - sums[:num_folds]) / (shares.sum() - shares[:num_folds])

    def _metric_of(self, trainer: Trainer, logits: np.ndarray) -> tuple[float, np.ndarray]:
        assert self.metric is not None
        loss, of_all = trainer.losses[0], self.metric.of(logits, trainer.losses[0])
        folds = () if self._folds is None else range(len(self._lowest))
        outside = (self._folds != fold for fold in folds)
        return of_all, np.array([self.metric.of(logits[rows], loss, rows) for rows in outside])
