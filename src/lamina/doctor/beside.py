"""A patient and its control on the same rows, judged alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from lamina.doctor.control import linear_model, standard_networks, train_quietly
from lamina.doctor.outcome import Outcome, constant_errors, row_errors, row_log_losses
from lamina.doctor.patients import Patient, Stay
from lamina.doctor.rows import balanced_weights

__all__ = ["Beside", "Judged"]

_CLEAR, _LEAST = 0.05, 0.02  # on training rows, and on held-out ones less than where those judge alone
_CHANCE_OF_BOTH = 0.12
_FEWEST_ROWS = 100  # by which a patient is called behind, if there are as many
_FEW_ROWS, _WORTH_KNOWING = 300, 0.05  # on so few rows, a difference as large may look like none


class Beside(NamedTuple):
    """The outcomes of a patient and of its control on the same rows, and what they tell.

    Attributes
    ----------
    own : Outcome
    control : Outcome or None
        The best of the plain models; None for networks of several inputs or outputs.
    leads : tuple of float
        How much better the control was, split by split.
    """

    own: Outcome
    control: Outcome | None = None
    leads: tuple[float, ...] = ()

    @classmethod
    def over(cls, splits: Sequence[Sequence[Outcome]]) -> Beside:
        """The outcomes over several splits, of each the patient's and those of the plain models.

        The control is the model that is best over all of them: the best of each split would be one of luck.
        """
        own, *controls = (Outcome.joined(parts) for parts in zip(*splits, strict=True))
        if not controls:
            return cls(own)
        best = max(range(len(controls)), key=lambda number: controls[number].held_out)
        return cls(own, controls[best], tuple(split[1 + best].held_out - split[0].held_out for split in splits))

    @property
    def is_behind(self) -> bool:
        """Whether the patient is worse by more than chance explains, and clearly so in each split, or in three of four."""
        return self.control is not None and self.own.is_behind(self.control) and self._persists(self.own.margin)

    @property
    def is_clearly_behind(self) -> bool:
        """Whether it is behind by more than what nobody would call a fault and what chance explains, together."""
        if self.control is None or not self.is_behind or not math.isfinite(self.own.held_out):
            return self.is_behind
        lead, chance = self.own.lead_of(self.control)
        return lead > self.own.margin + chance

    @property
    def is_oversure(self) -> bool:
        """Whether its probabilities of classes are worse, though its answers are not."""
        return self.control is not None and not self.is_behind and self.own.is_oversure_beside(self.control)

    @property
    def is_worse(self) -> bool:
        """Whether it is behind, or training rows and held-out rows agree that it is, where the latter are few.

        Training rows are three times as many, and what a fault of training spoils is spoiled there too.
        """
        if self.is_behind or self.control is None:
            return self.is_behind
        lead, chance = self.own.lead_of(self.control, _CHANCE_OF_BOTH)
        fits_worse = self.control.train - self.own.train > _CLEAR
        return fits_worse and lead > max(_LEAST, chance) and self._persists(_LEAST)

    @property
    def is_open(self) -> bool:
        """Whether another split may tell more: a difference may be chance, of the rows or of a single training."""
        if self.control is None or not math.isfinite(self.own.held_out):
            return False
        lead, chance = self.own.lead_of(self.control)
        rows = len(self.own.errors)
        if lead > self.own.margin:
            return not (self.is_behind and len(self.leads) > 1 and rows >= _FEWEST_ROWS)
        return rows < _FEW_ROWS and lead + chance > _WORTH_KNOWING

    def _persists(self, margin: float) -> bool:
        return not self.leads or sorted(self.leads)[len(self.leads) // 4] > margin


@dataclass(frozen=True, eq=False)
class Judged:
    """A training of a patient, and the rows by which it and its controls are judged.

    Attributes
    ----------
    patient : Patient
    stay : Stay
        Its training on ``train``.
    train, test : (X, y)
    seed : int
        Of the controls.
    """

    patient: Patient
    stay: Stay
    train: tuple[Any, np.ndarray]
    test: tuple[Any, np.ndarray]
    seed: int

    def outcomes(self, *, weighs_classes: bool) -> tuple[Outcome, ...]:
        """Those of the patient and of plain models, trained on the same rows; with ``weighs_classes`` as if all classes were
        equally frequent.
        """
        of_labels, known = self.patient.learns_labels, self.train[1]
        judge = _Judge(known, self.test[1], of_labels=of_labels, weighs_classes=weighs_classes, level=self.patient.level)
        own = judge.failed() if self.stay.model is None else judge(*self._predicted, self._probabilities)
        if len(self.stay.training.inputs) != 1 or len(self.stay.setup.output_widths) != 1:
            return (own,)
        settings: dict[str, Any] = {"is_sparse": sparse.issparse(self._inputs[0]), "weighs_classes": weighs_classes}
        models = standard_networks(self.stay.setup, len(known), **settings, seed=self.seed)
        if not of_labels or known.ndim == 1:
            models.append(linear_model(of_labels=of_labels, **settings))
        return own, *(self._outcome(judge, train_quietly(model, self._inputs[0], known)) for model in models)

    def _outcome(self, judge: _Judge, model: Any) -> Outcome:
        """That of a plain model."""
        has_classes = self.patient.learns_labels and self.train[1].ndim == 1
        probabilities = (model.classes_, model.predict_proba(self._inputs[1])) if has_classes else None
        learned, predicted = map(model.predict, self._inputs)
        if self.patient.level is not None:  # what is no median is compared with what is none: as many targets lie below it
            offset = np.quantile(self.train[1] - learned.reshape(self.train[1].shape), self.patient.level, axis=0)
            learned, predicted = (array.reshape(len(array), *np.shape(offset)) + offset for array in (learned, predicted))
        return judge(learned, predicted, probabilities)

    @cached_property
    def _predicted(self) -> tuple[np.ndarray, np.ndarray]:
        """What the patient says of the rows to train on and to judge by."""
        return self.patient.predict(self.stay.model, self.train[0]), self.patient.predict(self.stay.model, self.test[0])

    @cached_property
    def _probabilities(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What the patient says of the classes of the rows to judge by."""
        return self.patient.probabilities(self.stay.model, self.test[0])

    @cached_property
    def _inputs(self) -> tuple[Any, Any]:
        """The rows to train on and to judge by, as the network sees them."""
        prepared = (self.patient.inputs(self.stay.model, X, self.train) for X in (self.train[0], self.test[0]))
        return next(prepared), next(prepared)


class _Judge:
    """Measures predictions of training and held-out rows."""

    def __init__(
        self, known: np.ndarray, truth: np.ndarray, *, of_labels: bool, weighs_classes: bool, level: float | None = None
    ) -> None:
        self.known, self.truth, self.of_labels = known, truth, of_labels
        self.weights = [balanced_weights(y) if weighs_classes and y.ndim == 1 else np.ones(len(y)) for y in (known, truth)]
        self.level = level
        constant = constant_errors(known, truth, of_labels=of_labels, level=level)
        self.constant = 1.0 - float((constant * self.weights[1]).mean())

    def __call__(
        self, learned: np.ndarray, predicted: np.ndarray, probabilities: tuple[np.ndarray, np.ndarray] | None
    ) -> Outcome:
        of_known = row_errors(self.known, learned, of_labels=self.of_labels, level=self.level) * self.weights[0]
        errors = row_errors(self.truth, predicted, of_labels=self.of_labels, level=self.level) * self.weights[1]
        return Outcome(
            1.0 - float(of_known.mean()),
            1.0 - float(errors.mean()),
            self.constant,
            errors,
            self.of_labels,
            np.empty(0) if probabilities is None else row_log_losses(self.truth, *probabilities) * self.weights[1],
            *self._labels(predicted),
            self.level,
        )

    def failed(self) -> Outcome:
        return Outcome(-math.inf, -math.inf, self.constant, np.full(len(self.truth), np.nan), self.of_labels, level=self.level)

    def _labels(self, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The label of each row to judge by and the one predicted, where there is one."""
        return (self.truth, np.ravel(predicted)) if self.of_labels and self.truth.ndim == 1 else (np.empty(0), np.empty(0))
