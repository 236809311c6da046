"""The examination: trains a patient on a part of its rows, and measures everything that findings read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lamina.data.splits import holdout
from lamina.doctor.case import Case
from lamina.doctor.control import standard_model, train_quietly
from lamina.doctor.outcome import Outcome, constant_errors, row_errors
from lamina.doctor.patients import Patient, Stay, admit
from lamina.doctor.probes.data_facts import data_facts
from lamina.doctor.probes.run_facts import run_facts
from lamina.doctor.probes.start_facts import start_facts
from lamina.doctor.rows import take_rows, with_target
from lamina.errors import DataError, phrase

__all__ = ["examine"]

_HELD_OUT = 0.25
_MOST_HELD_OUT = 5000
_FEWEST_ROWS = 20


def examine(model: Any, X: Any, y: Any, *, seed: int, max_rows: int, fit: Mapping[str, Any]) -> Case:
    """The case of a model: see :func:`lamina.diagnose`."""
    patient = admit(model, owner="diagnose", fit=fit)
    X, y = with_target(X, y)
    kept, held = split_rows(y, patient.learns_labels, seed=seed, max_rows=max_rows)
    train, test = (take_rows(X, kept), y[kept]), (take_rows(X, held), y[held])
    stay = patient.on_rows(kept).stay(*train)
    control = _control(patient, stay, train, test, seed)
    return case_of(stay, _outcome(patient, stay.model, train, test), control, seed=seed)


def case_of(stay: Stay, outcome: Outcome, control: Outcome | None, *, seed: int = 0) -> Case:
    """What a watched training shows, as findings read it."""
    training, validation, setup = stay.training, stay.validation, stay.setup
    parameters, state = stay.first_weights
    data = data_facts(
        training.inputs[0],
        training.targets[0],
        "classification" if setup.learns_labels else "regression",
        X_val=None if validation is None else validation.inputs[0],
        y_val=None if validation is None else validation.targets[0],
        sample_weight=training.sample_weight,
        num_parameters=setup.num_parameters,
        seed=seed,
    )
    start = start_facts(stay.trainer, training, epochs=setup.max_epochs, weights=parameters, state=state)
    return Case(setup, data, start, run_facts(stay), outcome, control)


def split_rows(y: np.ndarray, of_labels: bool, *, seed: int, max_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rows to train on and of those to judge by, each in ascending order; the same share of each class.

    Raises
    ------
    DataError
        If there are fewer than 20 rows.
    """
    n = len(y)
    if n < _FEWEST_ROWS:
        raise DataError(
            phrase("X", f"must have at least {_FEWEST_ROWS} rows, a quarter of which are held out", n, owner="diagnose")
        )
    chosen = np.arange(n) if n <= max_rows else np.sort(np.random.default_rng(seed).choice(n, max_rows, replace=False))
    share = min(_HELD_OUT, _MOST_HELD_OUT / len(chosen))
    labels = np.unique(y[chosen], return_inverse=True)[1] if of_labels and y.ndim == 1 else None
    kept, held = holdout(len(chosen), share, seed=seed, labels=labels)
    return chosen[kept], chosen[held]


def _outcome(patient: Patient, model: Any, train: tuple[Any, np.ndarray], test: tuple[Any, np.ndarray]) -> Outcome:
    of_labels = patient.learns_labels
    constant = 1.0 - float(constant_errors(train[1], test[1], of_labels=of_labels).mean())
    if model is None:
        return Outcome(-math.inf, -math.inf, constant, np.full(len(test[1]), np.nan))
    predicted = patient.predict(model, test[0])
    errors = row_errors(test[1], predicted, of_labels=of_labels)
    recall = _rarest_recall(train[1], test[1], predicted) if of_labels and test[1].ndim == 1 else math.nan
    return Outcome(patient.score(model, *train), 1.0 - float(errors.mean()), constant, errors, recall)


def _rarest_recall(known: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> float:
    labels, counts = np.unique(known, return_counts=True)
    of_rarest = truth == labels[counts.argmin()]
    return float((predicted.ravel()[of_rarest] == truth[of_rarest]).mean()) if of_rarest.any() else math.nan


def _control(
    patient: Patient, stay: Stay, train: tuple[Any, np.ndarray], test: tuple[Any, np.ndarray], seed: int
) -> Outcome | None:
    """The outcome of the standard recipe; None where the network does not have a single input and output of its own."""
    if len(stay.training.inputs) != 1 or len(stay.setup.output_widths) != 1:
        return None
    parts = [patient.inputs(stay.model, X, train) for X in (train[0], test[0])]
    is_sparse = sparse.issparse(parts[0])
    model = standard_model(stay.setup, len(train[1]), is_sparse=is_sparse, seed=seed)
    model = train_quietly(model, parts[0], train[1])
    errors, constant = (
        row_errors(test[1], model.predict(parts[1]), of_labels=patient.learns_labels),
        1.0 - float(constant_errors(train[1], test[1], of_labels=patient.learns_labels).mean()),
    )
    return Outcome(float(model.score(parts[0], train[1])), 1.0 - float(errors.mean()), constant, errors)
