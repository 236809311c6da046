"""scikit-learn's stopping rule and the curves of its estimators, as a callback of the trainer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from lamina import optimizers, schedules
from lamina.estimators.fitting.curves import Curves
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.target.target import Target
from lamina.patience import Patience
from lamina.training import Callback, Record, Run
from lamina.training.best_weights import BestWeights

__all__ = ["StoppingRule"]


class StoppingRule(Callback):
    """Records each epoch's numbers, and stops training when they no longer improve.

    With ``tol`` and ``n_iter_no_change``::

        count ← count + 1 if loss > best − tol (or score < best + tol) else 0;   best ← the better of the two
        stop when count > n_iter_no_change

    A score that is NaN, such as R squared of a single row, resets the count.
    With early stopping the validation score decides (of ``gaussian_nll``: minus the validation loss), and the best epoch's
    weights are restored; otherwise the objective of weight perturbation decides, if there is one, or else the training loss.

    Parameters
    ----------
    parameters : Parameters
    target : Target
        Computes the score.
    curves : Curves
        The curves to append to.
    """

    def __init__(self, parameters: Parameters, target: Target, curves: Curves) -> None:
        self.parameters = parameters
        self.target = target
        self.curves = curves
        self.patience = Patience(parameters.n_iter_no_change, parameters.tol, "scikit-learn")
        self._stored_patience: dict[str, Any] | None = None  # from a checkpoint
        self._watch(0, None, False)

    @contextmanager
    def watching(self, num_rows: int, validation: Rows | None, *, stops: bool) -> Iterator[None]:
        """A context for one fit, with ``num_rows`` rows per epoch and the ``validation`` rows (None: the loss is monitored).

        ``stops`` says whether the rule may stop training.
        """
        self._watch(num_rows, validation, stops)
        yield
        self._watch(0, None, False)  # a fitted model must not hold rows

    def _watch(self, num_rows: int, validation: Rows | None, stops: bool) -> None:
        self.num_rows = num_rows
        self.validation = validation
        self.stops = stops
        self.best_weights = BestWeights()

    @property
    def monitored(self) -> str:
        """The key of the records that decides on validation rows: the score, or the loss if a spread is learned with the mean.

        Of such a loss, the mean's own score falls for many epochs at the beginning, while the spread is found.
        """
        return "validation_loss" if self.target.loss.predicts_spread else "validation_score"

    def validation_score(self, targets: np.ndarray, predicted: np.ndarray) -> float:
        """The trainer's metric "score": accuracy or R squared on the validation rows."""
        rows = self.validation
        return float("nan") if rows is None else self.target.score(rows.truth, predicted, rows.weight)

    def epochs_ahead(self, trainer: Run) -> float:
        """As many epochs as must pass without improvement before it stops; 1 if each epoch is printed."""
        if self.parameters.verbose:
            return 1
        return self.patience.epochs_left if self.stops else math.inf

    def on_fit_begin(self, trainer: Run) -> None:
        """Continue counting where an earlier fit ended; an objective starts over, since it may differ between fits."""
        curves, optimizer = self.curves, trainer.optimizer
        best: float | None
        if self.validation is not None:
            self.watched, mode, best = "Validation score", "max", curves.best_validation_score_
        elif isinstance(optimizer, optimizers.PerturbationOptimizer) and optimizer.objective is not None:
            grows = isinstance(optimizer.objective, str) or optimizer.maximize
            self.watched, mode, best = "Objective", "max" if grows else "min", None
        else:
            self.watched, mode, best = "Training loss", "min", curves.best_loss_
        self.patience = Patience(self.parameters.n_iter_no_change, self.parameters.tol, "scikit-learn", mode=mode)
        counted = {"best": self.patience.best if best is None else best, "count": curves.no_improvement_count}
        self.patience.load_state(self._stored_patience or counted)
        self._stored_patience = None

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        curves, loss = self.curves, float(record["loss"])
        # There is no call between these statements after which Ctrl-C could arrive, so they stay consistent.
        curves.n_iter_ += 1
        curves.t_ += self.num_rows
        curves.loss_curve_.append(loss)
        if self.parameters.verbose:
            self._say(f"Iteration {curves.n_iter_}, loss = {loss:.8f}")
        if "validation_loss" in record and curves.validation_loss_curve_ is not None:
            curves.validation_loss_curve_.append(float(record["validation_loss"]))
        if self.validation is None:
            curves.best_loss_ = min(loss, np.inf if curves.best_loss_ is None else curves.best_loss_)
            self.patience.note(float(record.get("objective", loss)))
        else:
            self._note_score(self._sign * record[self.monitored], trainer)
        curves.no_improvement_count = self.patience.count
        if self.stops and self.patience.is_over:
            self._stop(trainer)

    def on_training_end(self, trainer: Run) -> None:
        failed = trainer.stop_reason is not None and trainer.stop_reason.code == "non_finite"
        if not failed:
            self.best_weights.restore(trainer.executor)
        elif self.best_weights.candidates:
            best = trainer.put_best(self.best_weights.candidates[:1], self.monitored, larger_is_better=self._sign > 0)
            if not math.isnan(best):
                self.curves.best_validation_score_ = self._sign * best

    def identity(self) -> dict[str, Any]:
        parameters = self.parameters
        patience = None if math.isinf(parameters.n_iter_no_change) else int(parameters.n_iter_no_change)
        return {**super().identity(), "tol": float(parameters.tol), "n_iter_no_change": patience, "stops": self.stops}

    def state(self) -> dict[str, Any]:
        return {"curves": self.curves.state(), "patience": self.patience.state(), "best_weights": self.best_weights.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.curves.load_state(state["curves"])
        self._stored_patience = state["patience"]
        self.best_weights.load_state(state["best_weights"])

    @property
    def _sign(self) -> float:
        return 1.0 if self.monitored == "validation_score" else -1.0

    def _note_score(self, score: float, trainer: Run) -> None:
        """Count the epoch, and keep the weights if the validation score is a new best."""
        curves = self.curves
        best = -np.inf if curves.best_validation_score_ is None else curves.best_validation_score_
        if curves.validation_scores_ is not None:
            curves.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        if score > best:
            curves.best_validation_score_ = score
            self.best_weights.keep(trainer.executor)
        if math.isnan(score):
            self.patience.restart()
        else:
            self.patience.note(score)

    def _stop(self, trainer: Run) -> None:
        """Stop training, unless an adaptive learning rate was lowered instead."""
        asked = self.parameters
        text = f"{self.watched} did not improve more than tol={asked.tol:f} for {asked.n_iter_no_change} consecutive epochs."
        adaptive = trainer.schedule if isinstance(trainer.schedule, schedules.Adaptive) else None
        if adaptive is not None and not adaptive.exhausted:
            self.patience.restart()
            self.curves.no_improvement_count = 0
            self._say(f"{text} Setting learning rate to {asked.learning_rate_init * adaptive.factor:f}")
            return
        self._say(f"{text} Learning rate too small. Stopping." if adaptive else f"{text} Stopping.")
        code = "converged" if self.watched == "Training loss" else "no_improvement"
        trainer.stop(code, f"{self.watched} {self.patience.finding()}.")

    def _say(self, text: str) -> None:
        """Print a line; a closed output or a full disk does not end training."""
        if self.parameters.verbose:
            with suppress(OSError, ValueError):
                print(text)
