"""A program's code and rows: what a doctor gets to see, and how the outcome is measured on rows that it does not see."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from benchmarks.doctor.build import build
from benchmarks.doctor.data_sets import Split
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.rows import split_for
from lamina import Trainer
from lamina.errors import LaminaError

__all__ = ["Case", "Outcome", "quietly"]

_WORST_LOG_LOSS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores on test rows, larger is better; by name: "accuracy", "balanced_accuracy", "minus_log_loss" or "r2"."""

    scores: dict[str, float]

    def __getitem__(self, metric: str) -> float:
        return self.scores[metric]


_WORST = Outcome({"accuracy": 0.0, "balanced_accuracy": 0.0, "minus_log_loss": -_WORST_LOG_LOSS, "r2": -1.0})


@dataclass(frozen=True, slots=True)
class Case:
    """An untrained model and its training rows, with test rows of the same form.

    ``epochs`` are those that a Trainer is told to train; an estimator knows its own.
    """

    recipe: Recipe
    seed: int
    model: Any
    X: np.ndarray
    y: np.ndarray
    epochs: int
    split: Split

    @classmethod
    def of(cls, recipe: Recipe, seed: int) -> Case:
        return cls.with_rows(recipe, split_for(recipe, seed), seed)

    @classmethod
    def with_rows(cls, recipe: Recipe, split: Split, seed: int) -> Case:
        """The recipe's model for rows as they are: nothing is changed or standardized, but by the model's own pipeline."""
        return cls(recipe, seed, build(recipe, split.X, split.y, seed), split.X, split.y, recipe.epochs, split)

    def train(self) -> Any:
        """The model, trained as the user would; a training that breaks off leaves what it reached."""
        with quietly(), contextlib.suppress(LaminaError):
            if isinstance(self.model, Trainer):
                self.model.fit(self.X, self.y, max_epochs=self.epochs)
            else:
                self.model.fit(self.X, self.y)
        return self.model

    def outcome(self, model: Any) -> Outcome:
        """How a trained model, this one or one that treats it, does on the test rows; the worst if its training left nothing."""
        with quietly():
            try:
                return outcome(model, self.recipe, self.split)
            except (NotFittedError, AttributeError):
                return _WORST


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """No warnings: sick programs have many."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def outcome(model: Any, recipe: Recipe, split: Split) -> Outcome:
    if not recipe.data_set.classifies:
        return Outcome({"r2": _r2(split.y_test, np.ravel(model.predict(split.X_test)))})
    if recipe.classes_as_numbers:
        numbers = np.nan_to_num(np.ravel(model.predict(split.X_test)))
        labels = np.clip(np.rint(numbers), split.y.min(), split.y.max())
        return Outcome(_label_scores(split.y_test, labels))
    classes, probabilities = _probabilities(model, split)
    labels = classes[probabilities.argmax(axis=1)]
    return Outcome(_label_scores(split.y_test, labels) | {"minus_log_loss": -_log_loss(split.y_test, classes, probabilities)})


def _probabilities(model: Any, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """The classes and each test row's probabilities; of losses without probabilities, 1 for the predicted class.

    Estimators predict labels, trainers a column of probabilities or one for each class.
    """
    if hasattr(model, "predict_proba"):
        return model.classes_, np.asarray(model.predict_proba(split.X_test), dtype=float)
    classes = np.unique(split.y)
    predictions = np.asarray(model.predict(split.X_test))
    if predictions.ndim == 1:
        return classes, (predictions[:, None] == classes).astype(float)
    return classes, np.hstack([1 - predictions, predictions]) if predictions.shape[1] == 1 else predictions


def _label_scores(truth: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    right = labels == truth
    by_class = [float(right[truth == label].mean()) for label in np.unique(truth)]
    return {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(by_class))}


def _log_loss(truth: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> float:
    columns = np.minimum(np.searchsorted(classes, truth), len(classes) - 1)
    given = np.where(classes[columns] == truth, probabilities[np.arange(len(truth)), columns], 0.0)
    return float(np.mean(np.minimum(-np.log(np.nan_to_num(given)), _WORST_LOG_LOSS)))


def _r2(truth: np.ndarray, predictions: np.ndarray) -> float:
    """R², at least -1: how bad a useless model is does not matter, and must not hide a spread."""
    residual = np.mean((truth - np.nan_to_num(predictions)) ** 2)
    return max(-1.0, float(1 - residual / np.var(truth)))
