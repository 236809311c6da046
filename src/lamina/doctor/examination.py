"""The examination: trains a patient on a part of its rows, and measures everything that findings read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lamina.data.splits import holdout
from lamina.doctor.beside import Beside, Judged
from lamina.doctor.case import Case
from lamina.doctor.like_batches import in_like_batches
from lamina.doctor.outcome import Outcome
from lamina.doctor.patients import Stay, admit
from lamina.doctor.probes.data_facts import data_facts
from lamina.doctor.probes.given_rows import draw_rows
from lamina.doctor.probes.run_facts import run_facts
from lamina.doctor.probes.start_facts import start_facts
from lamina.doctor.rows import given_rows, rare_labels, strata, take_rows
from lamina.errors import InvalidSettingError, phrase

__all__ = ["examine"]

_FOLDS = 4
_MOST_HELD_OUT = 5000
_FEW_OF_A_CLASS = 60  # rows, all of which must be held out in turn to tell
_ABOVE_A_CONSTANT = 1.1  # times its loss: more than chance explains where the rows tell nothing


def examine(model: Any, X: Any, y: Any, *, seed: int, max_rows: int, fit: Mapping[str, Any]) -> Case:
    """The case of a model: see :func:`lamina.diagnose`."""
    patient = admit(model, owner="diagnose", fit=fit).repeatable(seed)
    if patient.num_outputs > 1:
        raise InvalidSettingError(phrase("the network", "must have one output", patient.num_outputs, owner="diagnose"))
    X, y = given_rows(X, y, of_labels=patient.learns_labels, owner="diagnose")
    patient.check_rows(len(y), owner="diagnose")
    patient, X, y = patient.as_read(X, y)
    has_rare = patient.learns_labels and y.ndim == 1 and not patient.weighs_classes and len(rare_labels(y)) > 0
    few_of_rare = has_rare and _rarest(y) < _FEW_OF_A_CLASS
    stays: list[Stay] = []
    plain: list[tuple[Outcome, ...]] = []
    by_class: list[tuple[Outcome, ...]] = []
    for number, (kept, held) in enumerate(splits_of(y, patient.learns_labels, seed=seed, max_rows=max_rows)):
        count = len(kept) + len(held)
        labels = strata(y[kept], of_labels=patient.learns_labels)
        kept = in_like_batches(patient, kept, count, seed=seed, labels=labels)
        train, test = (take_rows(X, kept), y[kept]), (take_rows(X, held), y[held])
        # The first training is the user's own; others tell whether its outcome was one of chance.
        trained = patient.seeded(seed + number) if number else patient
        stays.append(trained.prolonged(count / len(kept)).on_rows(kept).stay(*train))
        judged = Judged(patient, stays[-1], train, test, seed + number)
        plain.append(judged.outcomes(weighs_classes=patient.weighs_classes))
        if has_rare:
            by_class.append(judged.outcomes(weighs_classes=True))
        if not few_of_rare and not any(Beside.over(splits).is_open for splits in (plain, by_class) if splits):
            break
    return case_of(stays[0], Beside.over(plain), by_class=Beside.over(by_class) if by_class else None, seed=seed)


def _rarest(y: np.ndarray) -> int:
    """The rows of the rarest class."""
    return int(np.unique(y, return_counts=True)[1].min())


def case_of(stay: Stay, beside: Beside, *, by_class: Beside | None = None, seed: int = 0) -> Case:
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
        names=stay.names,
        num_parameters=setup.num_parameters,
        seed=seed,
    )
    start = start_facts(stay.trainer, training, epochs=setup.max_epochs, weights=parameters, state=state)
    run = run_facts(stay)
    learned_nothing = run.loss.open_share > _ABOVE_A_CONSTANT
    return Case(setup, data, start, run, beside, by_class, learned_nothing)


def split_rows(y: np.ndarray, of_labels: bool, *, seed: int, max_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The first of :func:`splits_of`."""
    return next(splits_of(y, of_labels, seed=seed, max_rows=max_rows))


def splits_of(y: np.ndarray, of_labels: bool, *, seed: int, max_rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the rows to train on and of those to judge by, each in ascending order.

    Four splits hold out each row once, with the same share of every class in each part; of many rows fewer are held out, in one
    split.
    """
    n = len(y)
    chosen = draw_rows(n, max_rows, seed)
    labels = strata(y[chosen], of_labels=of_labels)
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
