"""The examination: trains a patient on a part of its rows, and measures everything that findings read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lamina.data.splits import holdout
from lamina.doctor.case import Case
from lamina.doctor.control import linear_model, standard_network, train_quietly
from lamina.doctor.outcome import Outcome, constant_errors, row_errors
from lamina.doctor.patients import Patient, Stay, admit
from lamina.doctor.probes.data_facts import data_facts
from lamina.doctor.probes.run_facts import run_facts
from lamina.doctor.probes.start_facts import start_facts
from lamina.doctor.rows import take_rows, with_target
from lamina.errors import DataError, phrase

__all__ = ["examine"]

_FOLDS = 4
_MOST_HELD_OUT = 5000
_FEWEST_ROWS = 20
_ABOVE_A_CONSTANT = 1.1  # times its loss: more than chance explains where the rows tell nothing


def examine(model: Any, X: Any, y: Any, *, seed: int, max_rows: int, fit: Mapping[str, Any]) -> Case:
    """The case of a model: see :func:`lamina.diagnose`."""
    patient = admit(model, owner="diagnose", fit=fit)
    X, y = with_target(X, y)
    stays: list[Stay] = []
    outcomes: list[tuple[Outcome, Outcome | None]] = []
    for kept, held in splits_of(y, patient.learns_labels, seed=seed, max_rows=max_rows):
        train, test = (take_rows(X, kept), y[kept]), (take_rows(X, held), y[held])
        stays.append(patient.on_rows(kept).repeatable(seed).stay(*train))
        control = _control(patient, stays[-1], train, test, seed)
        outcomes.append((_outcome(patient, stays[-1].model, train, test), control))
        outcome, beside = _joined(outcomes)
        # Where a difference may be chance, the rows that were not held out yet are asked, too.
        if beside is None or not outcome.is_doubtful(beside):
            break
    return case_of(stays[0], outcome, beside, seed=seed)


def _joined(outcomes: list[tuple[Outcome, Outcome | None]]) -> tuple[Outcome, Outcome | None]:
    """The outcomes of the patient and of the control over all splits so far."""
    controls = [control for _, control in outcomes if control is not None]
    return Outcome.joined([outcome for outcome, _ in outcomes]), Outcome.joined(controls) if controls else None


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
    run = run_facts(stay)
    return Case(setup, data, start, run, outcome, control, learned_nothing=run.loss.open_share > _ABOVE_A_CONSTANT)


def split_rows(y: np.ndarray, of_labels: bool, *, seed: int, max_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The first of :func:`splits_of`."""
    return next(splits_of(y, of_labels, seed=seed, max_rows=max_rows))


def splits_of(y: np.ndarray, of_labels: bool, *, seed: int, max_rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the rows to train on and of those to judge by, each in ascending order.

    Four splits hold out each row once, with the same share of every class in each part; of many rows fewer are held out, in one
    split.

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
    labels = np.unique(y[chosen], return_inverse=True)[1] if of_labels and y.ndim == 1 else None
    if len(chosen) > _FOLDS * _MOST_HELD_OUT:
        kept, held = holdout(len(chosen), _MOST_HELD_OUT / len(chosen), seed=seed, labels=labels)
        yield chosen[kept], chosen[held]
        return
    left = np.arange(len(chosen))
    for fold in range(_FOLDS, 1, -1):
        rest, held = holdout(len(left), 1 / fold, seed=seed, labels=None if labels is None else labels[left])
        yield chosen[np.setdiff1d(np.arange(len(chosen)), left[held])], chosen[left[held]]
        left = left[rest]
    yield chosen[np.setdiff1d(np.arange(len(chosen)), left)], chosen[left]


def _outcome(patient: Patient, model: Any, train: tuple[Any, np.ndarray], test: tuple[Any, np.ndarray]) -> Outcome:
    of_labels = patient.learns_labels
    weights = [_weights(patient, y) for y in (train[1], test[1])]
    constant = _score(constant_errors(train[1], test[1], of_labels=of_labels), weights[1])
    if model is None:
        return Outcome(-math.inf, -math.inf, constant, np.full(len(test[1]), np.nan))
    predicted = patient.predict(model, test[0])
    errors = row_errors(test[1], predicted, of_labels=of_labels) * weights[1]
    learned = row_errors(train[1], patient.predict(model, train[0]), of_labels=of_labels)
    recall = _rarest_recall(train[1], test[1], predicted) if of_labels and test[1].ndim == 1 else math.nan
    return Outcome(_score(learned, weights[0]), 1.0 - float(errors.mean()), constant, errors, recall)


def _score(errors: np.ndarray, weights: np.ndarray) -> float:
    return 1.0 - float((errors * weights).mean())


def _weights(patient: Patient, y: np.ndarray) -> np.ndarray:
    """What the error of each row counts: the same for each class, if that is what the patient learns, else for each row."""
    if not patient.weighs_classes or y.ndim > 1:
        return np.ones(len(y))
    classes, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    return np.asarray((len(y) / (len(classes) * counts))[place])


def _rarest_recall(known: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> float:
    labels, counts = np.unique(known, return_counts=True)
    of_rarest = truth == labels[counts.argmin()]
    return float((predicted.ravel()[of_rarest] == truth[of_rarest]).mean()) if of_rarest.any() else math.nan


def _control(
    patient: Patient, stay: Stay, train: tuple[Any, np.ndarray], test: tuple[Any, np.ndarray], seed: int
) -> Outcome | None:
    """The better outcome of a standard network and a linear model; None for networks of several inputs or outputs."""
    if len(stay.training.inputs) != 1 or len(stay.setup.output_widths) != 1:
        return None
    of_labels, weighs = patient.learns_labels, patient.weighs_classes
    parts = [patient.inputs(stay.model, X, train) for X in (train[0], test[0])]
    weights = [_weights(patient, y) for y in (train[1], test[1])]
    is_sparse = sparse.issparse(parts[0])
    models = [standard_network(stay.setup, len(train[1]), is_sparse=is_sparse, weighs_classes=weighs, seed=seed)]
    if not of_labels or train[1].ndim == 1:
        models.append(linear_model(of_labels=of_labels, is_sparse=is_sparse, weighs_classes=weighs))
    constant = _score(constant_errors(train[1], test[1], of_labels=of_labels), weights[1])
    outcomes = []
    for model in models:
        train_quietly(model, parts[0], train[1])
        learned, errors = (
            row_errors(y, model.predict(X), of_labels=of_labels) for X, y in zip(parts, (train[1], test[1]), strict=True)
        )
        errors = errors * weights[1]
        outcomes.append(Outcome(_score(learned, weights[0]), 1.0 - float(errors.mean()), constant, errors))
    return max(outcomes, key=lambda outcome: outcome.held_out)
