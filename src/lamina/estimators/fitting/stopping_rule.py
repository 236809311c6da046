"""scikit-learn's rule of when to stop, and the curves that its estimators keep, as a callback of the trainer."""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import optimizers, schedules
from lamina.estimators.rows import Rows
from lamina.forms import check_form
from lamina.patience import Patience
from lamina.training import Callback, Record, Run
from lamina.training.best_weights import BestWeights
from lamina.validation import choice

if TYPE_CHECKING:
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["StoppingRule"]

# What the rule writes to the estimator.
_CURVES = (
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "validation_loss_curve_",
    "_no_improvement_count",
)


class StoppingRule(Callback):
    """Writes each epoch's numbers to the estimator, and stops the trainer when they no longer improve.

    With ``tol`` and ``n_iter_no_change``::

        count ← count + 1 if loss > best − tol (or score < best + tol) else 0;   best ← the better of the two
        stop when count > n_iter_no_change

    A score that is NaN, as R squared of a single row, is not counted.
    With early stopping the validation score decides, and the best epoch's weights come back; otherwise the objective of perturbed
    weights decides, where there is one, or else the training loss.

    Parameters
    ----------
    estimator : MultilayerPerceptron
        Its curves are appended to.
    """

    def __init__(self, estimator: MultilayerPerceptron) -> None:
        self.estimator = estimator
        self.patience = Patience(estimator.n_iter_no_change, estimator.tol, "scikit-learn")
        self._stored_patience: dict[str, Any] | None = None  # of a checkpoint
        self.prepare()

    def prepare(self, num_rows: int = 0, validation: Rows | None = None, stops: bool = False) -> None:
        """Say how many rows an epoch has, what to score (None: watch the loss), and whether to stop at all."""
        self.num_rows = num_rows
        self.validation = validation
        self.stops = stops
        self.best_weights = BestWeights()

    def validation_score(self, targets: np.ndarray, predicted: np.ndarray) -> float:
        """The trainer's metric "score": accuracy or R squared on the validation rows."""
        rows = self.validation
        return float("nan") if rows is None else self.estimator._score_of(rows.truth, predicted, rows.weight)

    def epochs_ahead(self, trainer: Run) -> float:
        """As many as must pass without an improvement before it stops; what is printed comes at the end of each."""
        model = self.estimator
        if model.verbose:
            return 1
        return self.patience.epochs_left if self.stops else math.inf

    def on_fit_begin(self, trainer: Run) -> None:
        """Go on counting where an earlier fit ended; an objective is another one in each."""
        model, optimizer = self.estimator, trainer.optimizer
        best: float | None
        if self.validation is not None:
            self.watched, mode, best = "Validation score", "max", model.best_validation_score_
        elif isinstance(optimizer, optimizers.PerturbationOptimizer) and optimizer.objective is not None:
            grows = isinstance(optimizer.objective, str) or optimizer.maximize
            self.watched, mode, best = "Objective", "max" if grows else "min", None
        else:
            self.watched, mode, best = "Training loss", "min", model.best_loss_
        self.patience = Patience(model.n_iter_no_change, model.tol, "scikit-learn", mode=mode)
        counted = {"best": self.patience.best if best is None else best, "count": model._no_improvement_count}
        self.patience.load_state(self._stored_patience or counted)
        self._stored_patience = None

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        model = self.estimator
        loss = float(record["loss"])
        # No call stands between these, after which Ctrl-C could come: they stay in step.
        model.n_iter_ += 1
        model.t_ += self.num_rows
        model.loss_ = loss
        model.loss_curve_.append(loss)
        if model.verbose:
            _print(f"Iteration {model.n_iter_}, loss = {model.loss_:.8f}")
        if "validation_loss" in record and model.validation_loss_curve_ is not None:
            model.validation_loss_curve_.append(float(record["validation_loss"]))
        if self.validation is None:
            model.best_loss_ = min(loss, np.inf if model.best_loss_ is None else model.best_loss_)
            self.patience.note(float(record.get("objective", loss)))
        else:
            self._note_score(record["validation_score"], trainer)
        model._no_improvement_count = self.patience.count
        if self.stops and self.patience.is_over:
            self._stop(trainer)

    def on_training_end(self, trainer: Run) -> None:
        failed = trainer.stop_reason is not None and trainer.stop_reason.code == "non_finite"
        if not failed:
            self.best_weights.restore(trainer.executor)
        elif self.best_weights.candidates:
            score = trainer.put_best(self.best_weights.candidates[:1], "validation_score", larger_is_better=True)
            if not math.isnan(score):
                self.estimator.best_validation_score_ = score

    def identity(self) -> dict[str, Any]:
        model = self.estimator
        patience = None if math.isinf(model.n_iter_no_change) else int(model.n_iter_no_change)
        return {**super().identity(), "tol": float(model.tol), "n_iter_no_change": patience, "stops": self.stops}

    def state(self) -> dict[str, Any]:
        curves = {name: copy.copy(getattr(self.estimator, name)) for name in _CURVES if hasattr(self.estimator, name)}
        return {"curves": curves, "patience": self.patience.state(), "best_weights": self.best_weights.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        check_form(list(state["curves"]), [choice(_CURVES)], "the curves")
        for name, value in state["curves"].items():
            setattr(self.estimator, name, value)
        self._stored_patience = state["patience"]
        self.best_weights.load_state(state["best_weights"])

    def _note_score(self, score: float, trainer: Run) -> None:
        """Count; keep the weights when the validation score rose at all."""
        model = self.estimator
        best = -np.inf if model.best_validation_score_ is None else model.best_validation_score_
        if model.validation_scores_ is not None:
            model.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        if score > best:
            model.best_validation_score_ = score
            self.best_weights.keep(trainer.executor)
        if math.isnan(score):
            self.patience.restart()
        else:
            self.patience.note(score)

    def _stop(self, trainer: Run) -> None:
        """End the training, unless an adaptive learning rate was lowered instead."""
        model = self.estimator
        text = f"{self.watched} did not improve more than tol={model.tol:f} for {model.n_iter_no_change} consecutive epochs."
        adaptive = trainer.schedule if isinstance(trainer.schedule, schedules.Adaptive) else None
        if adaptive is not None and not adaptive.exhausted:
            self.patience.restart()
            model._no_improvement_count = 0
            self._say(f"{text} Setting learning rate to {model.learning_rate_init * adaptive.factor:f}")
            return
        self._say(f"{text} Learning rate too small. Stopping." if adaptive else f"{text} Stopping.")
        code = "converged" if self.watched == "Training loss" else "no_improvement"
        trainer.stop(code, f"{self.watched} {self.patience.finding()}.")

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            _print(text)


def _print(text: str) -> None:
    """Print a line; a reader that went away, or a full disk, does not end a training."""
    with suppress(OSError, ValueError):
        print(text)
