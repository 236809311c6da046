"""A training as the published tools see it: three quarters of the rows, the others for validation, scores of every epoch."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from benchmarks.doctor.case import Case, quietly
from lamina import Callback, Monitor, MonitorRecord, Trainer
from lamina.errors import LaminaError

__all__ = ["Watched", "watch"]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen.

    Attributes
    ----------
    record : MonitorRecord
    loss, validation_loss : ndarray of shape (epochs,)
        NaN where it was not measured.
    score, validation_score : ndarray of shape (epochs,)
        Accuracy, or R² where numbers are learned: the tools know classification alone.
    class_errors : ndarray of shape (classes,)
        The share of each class's training rows that is wrong at the end; empty where numbers are learned.
    X, y : ndarray
        The training rows as the network gets them, and their targets.
    classifies : bool
    learning_rate : float
    activations : tuple of str
        Of the hidden and output units, in order.
    weight_variance : ndarray of shape (layers,)
        Of each dense layer's weights at the end.
    num_hidden : int
        Dense layers but the last.
    """

    record: MonitorRecord
    loss: np.ndarray
    validation_loss: np.ndarray
    score: np.ndarray
    validation_score: np.ndarray
    class_errors: np.ndarray
    X: np.ndarray
    y: np.ndarray
    classifies: bool
    learning_rate: float
    activations: tuple[str, ...]
    weight_variance: np.ndarray
    num_hidden: int

    @property
    def broke_off(self) -> bool:
        """Whether a number that is not finite ended the training."""
        return self.record.failure is not None or not np.isfinite(self.loss).all()


@dataclass
class _Witness(Callback):
    """Scores of every epoch, and the network's weights and settings at the end."""

    rows: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    classes: np.ndarray | None
    scores: list[tuple[float, float]] = field(default_factory=list)
    class_errors: np.ndarray = field(default_factory=lambda: np.zeros(0))
    learning_rate: float = np.nan
    activations: tuple[str, ...] = ()
    weight_variance: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def on_fit_begin(self, trainer: Any) -> None:
        ops = trainer.executor.program.ops
        self.activations = tuple(op.function for op in ops if op.kind == "activation")
        self.learning_rate = float(getattr(trainer.optimizer, "learning_rate", np.nan))
        self._measure_weights(trainer)

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        self.scores.append((self._score(trainer, *self.rows), self._score(trainer, *self.validation)))
        self._measure_weights(trainer)

    def on_fit_end(self, trainer: Any) -> None:
        if self.classes is not None:
            wrong = self._predicted(trainer, self.rows[0]) != self.rows[1]
            self.class_errors = np.array([wrong[self.rows[1] == label].mean() for label in np.unique(self.rows[1])])

    def _measure_weights(self, trainer: Any) -> None:
        self.weight_variance = np.array([np.var(array) for array in trainer.weights.values() if np.ndim(array) == 2])

    def _score(self, trainer: Any, X: np.ndarray, y: np.ndarray) -> float:
        predicted = self._predicted(trainer, X)
        if self.classes is not None:
            return float(np.mean(predicted == y))
        return float(1 - np.mean((y - predicted) ** 2) / np.var(y))

    def _predicted(self, trainer: Any, X: np.ndarray) -> np.ndarray:
        """Labels, or numbers."""
        predictions = np.asarray(trainer.predict(X))
        if self.classes is None:
            return predictions[:, 0]
        if predictions.shape[1] > 1:
            return self.classes[predictions.argmax(axis=1)]
        (threshold,) = trainer.losses[0].threshold_of_predictions(1)
        return self.classes[(predictions[:, 0] > threshold).astype(int)]


def watch(case: Case) -> Watched:
    """Train a copy of the case's model while it is watched."""
    order = np.random.default_rng([case.seed, 41]).permutation(len(case.X))
    held = np.sort(order[: len(order) // 4])
    kept = np.setdiff1d(order, held)
    X, y, X_val, y_val = case.X[kept], case.y[kept], case.X[held], case.y[held]
    model = case.model
    if isinstance(model, Pipeline):
        scaler = clone(model[:-1]).fit(X)
        X, X_val, model = scaler.transform(X), scaler.transform(X_val), model[-1]
    witness = _Witness((X, y), (X_val, y_val), np.unique(case.y) if case.recipe.classifies else None)
    monitor = Monitor()
    with quietly(), contextlib.suppress(LaminaError):
        _train(model, [monitor, witness], (X, y), (X_val, y_val), case.epochs)
    scores = np.array(witness.scores).reshape(-1, 2)
    epochs = monitor.record.epoch
    nothing = np.full(len(scores), np.nan)
    return Watched(
        record=monitor.record,
        loss=epochs.get("loss", nothing),
        validation_loss=epochs.get("validation_loss", nothing),
        score=scores[:, 0],
        validation_score=scores[:, 1],
        class_errors=witness.class_errors,
        X=X,
        y=y,
        classifies=case.recipe.classifies,
        learning_rate=witness.learning_rate,
        activations=witness.activations,
        weight_variance=witness.weight_variance,
        num_hidden=max(0, len(witness.weight_variance) - 1),
    )


def _train(model: Any, callbacks: list[Callback], rows: tuple[Any, Any], validation: tuple[Any, Any], epochs: int) -> None:
    if isinstance(model, Trainer):
        Trainer.from_settings(model.settings, callbacks=callbacks).fit(*rows, validation_data=validation, max_epochs=epochs)
    else:
        watched = clone(model).set_params(callbacks=callbacks, validation_split=None)
        watched.fit(*rows, X_val=validation[0], y_val=validation[1])
