"""scikit-learn's rule of when to stop, and the curves that its estimators keep, as a callback of the trainer."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from lamina import optimizers, schedules
from lamina.estimators.rows import Rows
from lamina.training import Callback, Record, Run
from lamina.training.best_weights import BestWeights

if TYPE_CHECKING:
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["StoppingRule"]


class StoppingRule(Callback):
    """Writes each epoch's numbers to the estimator, and stops the trainer when they no longer improve.

    With ``tol`` and ``n_iter_no_change``::

        count ← count + 1 if loss > best − tol (or score < best + tol) else 0;   best ← the better of the two
        stop when count > n_iter_no_change

    With early stopping the validation score decides, and the best epoch's weights come back; otherwise the objective of perturbed
    weights decides, where there is one, or else the training loss.

    Parameters
    ----------
    estimator : MultilayerPerceptron
        Its curves are appended to.
    """

    def __init__(self, estimator: MultilayerPerceptron) -> None:
        self.estimator = estimator
        self.prepare()

    def prepare(self, num_rows: int = 0, validation: Rows | None = None, stops: bool = False) -> None:
        """Say how many rows an epoch has, what to score (None: watch the loss), and whether to stop at all."""
        self.num_rows = num_rows
        self.validation = validation
        self.stops = stops
        self.best_objective = -np.inf
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
        return max(1, model.n_iter_no_change + 1 - model._no_improvement_count) if self.stops else math.inf

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
        if self.validation is not None:
            improved = self._watch_score(record["validation_score"], trainer)
        else:
            improved = self._watch_objective(record["objective"], trainer) if "objective" in record else self._watch_loss()
        model._no_improvement_count = 0 if improved else model._no_improvement_count + 1
        if self.stops and model._no_improvement_count > model.n_iter_no_change:
            self._stop(trainer)

    def on_fit_end(self, trainer: Run) -> None:
        self.best_weights.restore(trainer.executor)

    def _watch_loss(self) -> bool:
        """Whether the training loss fell by at least ``tol``."""
        model = self.estimator
        best = np.inf if model.best_loss_ is None else model.best_loss_
        model.best_loss_ = min(model.loss_, best)
        return not model.loss_ > best - model.tol

    def _watch_objective(self, objective: float, trainer: Run) -> bool:
        """Whether the objective of perturbed weights improved by at least ``tol``."""
        self._watch_loss()
        optimizer = trainer.optimizer
        value = objective if isinstance(optimizer, optimizers.PerturbationOptimizer) and optimizer.maximize else -objective
        best, self.best_objective = self.best_objective, max(self.best_objective, value)
        return not value < best + self.estimator.tol

    def _watch_score(self, score: float, trainer: Run) -> bool:
        """Whether the validation score rose by at least ``tol``; keeps the weights when it rose at all."""
        model = self.estimator
        best = -np.inf if model.best_validation_score_ is None else model.best_validation_score_
        if model.validation_scores_ is not None:
            model.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        if score > best:
            model.best_validation_score_ = score
            self.best_weights.keep(trainer.executor)
        return not score < best + model.tol

    def _stop(self, trainer: Run) -> None:
        """End the training, unless an adaptive learning rate was lowered instead."""
        model = self.estimator
        watched, code = ("Training loss", "converged") if self.validation is None else ("Validation score", "no_improvement")
        if self.best_objective > -np.inf:
            watched, code = "Objective", "no_improvement"
        text = f"{watched} did not improve more than tol={model.tol:f} for {model.n_iter_no_change} consecutive epochs."
        adaptive = trainer.schedule if isinstance(trainer.schedule, schedules.Adaptive) else None
        if adaptive is not None and not adaptive.exhausted:
            model._no_improvement_count = 0
            self._say(f"{text} Setting learning rate to {model.learning_rate_init * adaptive.factor:f}")
            return
        self._say(f"{text} Learning rate too small. Stopping." if adaptive else f"{text} Stopping.")
        trainer.stop(code, text)

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            _print(text)


def _print(text: str) -> None:
    """Print a line; a reader that went away, or a full disk, does not end a training."""
    with suppress(OSError, ValueError):
        print(text)
