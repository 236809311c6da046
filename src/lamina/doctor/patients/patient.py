"""What all patients have in common: they can be changed, and trained on rows while being watched."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from lamina.doctor.cures.cure import spelled
from lamina.doctor.outcome import row_errors
from lamina.doctor.patients.intake import Intake
from lamina.doctor.rows import column_names, take_rows
from lamina.doctor.setup import Setup
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.losses import Loss
from lamina.training import Callback, History, Trainer
from lamina.training.monitor_record import MonitorRecord

__all__ = ["Patient", "Stay"]


@dataclass(frozen=True, eq=False, slots=True)
class Stay:
    """One watched training.

    Attributes
    ----------
    setup : Setup
    first_weights : (parameters, state)
        Before the first step.
    training, validation : Batches
        The rows as the network and its losses see them; ``validation`` is None without held-out rows.
    record : MonitorRecord
    history : History
    trainer : Trainer
    model : object or None
        The trained model; None if training failed before there was one.
    failure : str
        Why there is none, or "".
    names : tuple of str or None
        Of the columns of the only input; None where they have none.
    """

    setup: Setup
    first_weights: tuple[np.ndarray, np.ndarray]
    training: Batches
    validation: Batches | None
    record: MonitorRecord
    history: History
    trainer: Trainer
    model: Any
    failure: str = ""
    names: tuple[str, ...] | None = None


class Patient(ABC):
    """A model that has not been trained, and a way to train it; the user's object is never changed.

    Attributes
    ----------
    learns_labels : bool
    """

    learns_labels: bool

    @property
    @abstractmethod
    def words(self) -> frozenset[str]:
        """The words of :data:`lamina.doctor.cures.CHANGES` that change something of this kind of patient."""

    def spelled(self, changes: Mapping[str, Any]) -> str:
        """Changes as the user of this kind of model writes them."""
        return spelled(changes)

    @abstractmethod
    def changed(self, changes: Mapping[str, Any]) -> Self:
        """The patient with changes, by the words of :data:`lamina.doctor.cures.CHANGES`.

        Raises
        ------
        InvalidSettingError
            If this kind of patient has nothing that a word could change.
        """

    @abstractmethod
    def seeded(self, seed: int) -> Self:
        """The patient with another seed of all that is random in a training."""

    @abstractmethod
    def prolonged(self, times: float) -> Self:
        """The patient with so many times the epochs, and the patience; all else stays, the tolerance too."""

    def repeatable(self, seed: int) -> Self:
        """The patient with this seed, if its user gave it none."""
        return self

    @abstractmethod
    def model(self) -> Any:
        """What the user would train: an estimator, a pipeline or a trainer, not trained."""

    @property
    def fit_settings(self) -> dict[str, Any]:
        """What the model's ``fit`` is given beside the rows; empty but for a trainer's."""
        return {}

    @abstractmethod
    def predict(self, model: Any, X: Any) -> np.ndarray:
        """Labels or numbers, as y holds them, of a trained model; of several quantiles the one nearest to the median."""

    def probabilities(self, model: Any, X: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """The classes (k,) and a trained model's probabilities (n, k); None if it has none, or numbers or several labels."""
        if not self.learns_labels or not hasattr(model, "predict_proba"):
            return None
        has_several = np.ndim(model.predict(take_rows(X, np.arange(1)))) > 1
        return None if has_several else (np.asarray(model.classes_), np.asarray(model.predict_proba(X)))

    @abstractmethod
    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        """Rows as the network of a trained model sees them; what prepares them is fitted on ``train`` if there is no model."""

    def on_rows(self, rows: np.ndarray) -> Self:
        """The patient for a part of its rows: settings that name rows name them by their new numbers."""
        return self

    @property
    def num_outputs(self) -> int:
        """Of the network: those of a trainer can be several."""
        return 1

    def as_read(self, X: Any, y: np.ndarray) -> tuple[Self, Any, np.ndarray]:
        """The patient for rows whose values are read, of all rows at once, and these rows; they are their own values already
        unless they are a table.

        Raises
        ------
        DataError
            If a table cannot be read.
        """
        return self, X, y

    def of_inputs(self, *, are_sparse: bool) -> Self:
        """The patient for a network whose inputs are sparse or not: sparse ones cannot be centered."""
        return self

    def check_rows(self, count: int, *, owner: str) -> None:
        """Raise if a setting is not for so many rows.

        Raises
        ------
        LaminaError
        """
        return

    def names(self, model: Any, X: Any) -> Sequence[Any] | None:
        """The names of the columns that the network of a trained model sees; None where they have none."""
        return column_names(X)

    @property
    @abstractmethod
    def loss(self) -> Loss | None:
        """The loss that says what predictions are; None where nothing is to be said of it, or one is chosen by the rows."""

    @property
    def level(self) -> float | None:
        """The quantile that is predicted, if it is another one than the median: R squared does not judge it."""
        return None if self.learns_labels or self.loss is None else self.loss.level_of_points

    @property
    def weighs_classes(self) -> bool:
        """Whether it is told to take classes as equally important, however rare they are."""
        return False

    def score(self, model: Any, X: Any, y: Any) -> float:
        """Accuracy, or R squared, or the share of a constant's quantile loss that is avoided, of a trained model."""
        return 1.0 - float(row_errors(y, self.predict(model, X), of_labels=self.learns_labels, level=self.level).mean())

    @abstractmethod
    def _train(self, X: Any, y: Any, watcher: Callback) -> Any:
        """Train a fresh model, watched by a callback beside the user's own."""

    @property
    @abstractmethod
    def max_epochs(self) -> int: ...

    @property
    def batch_size(self) -> int | None:
        """Rows of a step; None where all are, or their number follows that of all."""
        return None

    @property
    def validation_fraction(self) -> float:
        """The share of its rows that it holds out by itself."""
        return 0.0

    def last_batch(self, count: int) -> int:
        """Rows of an epoch's last step, where it is given so many rows; 0 where each step takes equally many."""
        if self.batch_size is None:
            return 0
        return (count - round(self.validation_fraction * count)) % self.batch_size or self.batch_size

    @property
    @abstractmethod
    def patience(self) -> float | None:
        """Epochs without improvement after which training stops; None: it does not stop early."""

    @property
    @abstractmethod
    def stops_on_validation(self) -> bool: ...

    def check_words(self, changes: Mapping[str, Any], *, owner: str) -> None:
        """Raise for a word that changes nothing of this patient.

        Raises
        ------
        InvalidSettingError
        """
        for word in changes:
            if word not in self.words:
                repair = f"It has {', '.join(sorted(self.words))}."
                raise InvalidSettingError(
                    phrase("a change", "must be of something that it has", word, repair=repair, owner=owner)
                )

    def train(self, X: Any, y: Any, watcher: Callback) -> tuple[Any, str]:
        """A fresh model that was trained while being watched, and ""; or None, and why its numbers became infinite or NaN."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self._train(X, y, watcher), ""
            except NonFiniteError as error:
                return None, str(error)

    def stay(self, X: Any, y: Any) -> Stay:
        """Train a fresh model on the rows, and keep all that was measured on the way.

        Raises
        ------
        LaminaError
            What training raises before its first step: wrong settings or data.
        """
        intake = Intake()
        model, failure = self.train(X, y, intake)
        assert intake.trainer is not None
        setup = Setup.of(
            intake.trainer,
            intake.training.num_rows,
            0 if intake.validation is None else intake.validation.num_rows,
            self.max_epochs,
            has_sparse_inputs=any(map(sparse.issparse, intake.training.inputs)),
            learns_labels=self.learns_labels,
            patience=self.patience,
            stops_on_validation=self.stops_on_validation,
        )
        names = self.names(model, X)
        is_named = names is not None and len(names) == setup.num_inputs and len(intake.training.inputs) == 1
        parts = (intake.first_weights, intake.training, intake.validation, intake.record)
        shown = tuple(map(str, names)) if is_named and names is not None else None
        return Stay(setup, *parts, intake.trainer.history, intake.trainer, model, failure, shown)
