"""A patient and its control on the same rows, judged alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from lamina.doctor.control import linear_model, standard_network, train_quietly
from lamina.doctor.outcome import Outcome, constant_errors, row_errors
from lamina.doctor.patients import Patient, Stay
from lamina.doctor.rows import balanced_weights

__all__ = ["Beside", "Judged", "is_behind"]


class Beside(NamedTuple):
    """The outcomes of a patient and of its control.

    Attributes
    ----------
    own : Outcome
    control : Outcome or None
        None for networks of several inputs or outputs.
    leads : tuple of float
        How much better the control was, split by split.
    """

    own: Outcome
    control: Outcome | None
    leads: tuple[float, ...] = ()

    @property
    def is_behind(self) -> bool:
        """Whether the patient is worse than the control by more than chance explains, and split by split."""
        return is_behind(self.own, self.control, self.leads)

    @property
    def is_doubtful(self) -> bool:
        """Whether more rows may tell; see :meth:`Outcome.is_doubtful`."""
        return self.control is not None and self.own.is_doubtful(self.control)

    @classmethod
    def joined(cls, parts: Sequence[Beside]) -> Beside:
        """The outcomes over several splits."""
        controls = [part.control for part in parts if part.control is not None]
        leads = tuple(lead for part in parts for lead in part.leads)
        return cls(Outcome.joined([part.own for part in parts]), Outcome.joined(controls) if controls else None, leads)


def is_behind(own: Outcome, control: Outcome | None, leads: Sequence[float] = ()) -> bool:
    """Whether a patient is behind its control over all splits, and clearly so in each of them, or in three of four."""
    persists = not leads or sorted(leads)[len(leads) // 4] > own.margin
    return control is not None and own.is_behind(control) and persists


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

    def beside(self, *, weighs_classes: bool) -> Beside:
        """Train the controls, and judge patient and controls; with ``weighs_classes`` as if all classes were equally frequent."""
        of_labels, known = self.patient.learns_labels, self.train[1]
        judge = _Judge(known, self.test[1], of_labels=of_labels, weighs_classes=weighs_classes)
        own = judge.failed() if self.stay.model is None else judge(*self._predicted)
        if len(self.stay.training.inputs) != 1 or len(self.stay.setup.output_widths) != 1:
            return Beside(own, None)
        settings: dict[str, Any] = {"is_sparse": sparse.issparse(self._inputs[0]), "weighs_classes": weighs_classes}
        models = [standard_network(self.stay.setup, len(known), **settings, seed=self.seed)]
        if not of_labels or known.ndim == 1:
            models.append(linear_model(of_labels=of_labels, **settings))
        outcomes = [judge(*map(train_quietly(model, self._inputs[0], known).predict, self._inputs)) for model in models]
        control = max(outcomes, key=lambda outcome: outcome.held_out)
        return Beside(own, control, (control.held_out - own.held_out,))

    @cached_property
    def _predicted(self) -> tuple[np.ndarray, np.ndarray]:
        """What the patient says of the rows to train on and to judge by."""
        return self.patient.predict(self.stay.model, self.train[0]), self.patient.predict(self.stay.model, self.test[0])

    @cached_property
    def _inputs(self) -> tuple[Any, Any]:
        """The rows to train on and to judge by, as the network sees them."""
        prepared = (self.patient.inputs(self.stay.model, X, self.train) for X in (self.train[0], self.test[0]))
        return next(prepared), next(prepared)


class _Judge:
    """Measures predictions of training and held-out rows."""

    def __init__(self, known: np.ndarray, truth: np.ndarray, *, of_labels: bool, weighs_classes: bool) -> None:
        self.known, self.truth, self.of_labels = known, truth, of_labels
        self.weights = [balanced_weights(y) if weighs_classes and y.ndim == 1 else np.ones(len(y)) for y in (known, truth)]
        constant = constant_errors(known, truth, of_labels=of_labels)
        self.constant = 1.0 - float((constant * self.weights[1]).mean())

    def __call__(self, learned: np.ndarray, predicted: np.ndarray) -> Outcome:
        of_known = row_errors(self.known, learned, of_labels=self.of_labels) * self.weights[0]
        errors = row_errors(self.truth, predicted, of_labels=self.of_labels) * self.weights[1]
        return Outcome(
            1.0 - float(of_known.mean()),
            1.0 - float(errors.mean()),
            self.constant,
            errors,
            self.of_labels,
            *self._labels(predicted),
        )

    def failed(self) -> Outcome:
        return Outcome(-math.inf, -math.inf, self.constant, np.full(len(self.truth), np.nan), self.of_labels)

    def _labels(self, predicted: np.ndarray) -> tuple[np.ndarray, ...]:
        """The label of each row to judge by and the one predicted, where there is one."""
        return (self.truth, np.ravel(predicted)) if self.of_labels and self.truth.ndim == 1 else ()
