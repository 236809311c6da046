"""Cases for the tests of findings that rest on what a training showed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.doctor.beside import Beside
from lamina.doctor.case import Case
from lamina.doctor.examination import split_rows
from lamina.doctor.outcome import Outcome, constant_errors, row_errors
from lamina.doctor.patients import admit
from lamina.doctor.probes.run_facts import run_facts

__all__ = ["perfect", "trained_case", "with_control"]


def perfect(case: Case) -> Outcome:
    """A control that makes no error on the case's held-out rows."""
    return Outcome(1.0, 1.0, case.outcome.constant, np.zeros(len(case.outcome.errors)))


def with_control(case: Case, control: Outcome) -> Case:
    """The case beside another control."""
    return replace(case, beside=Beside(case.outcome, control))


def trained_case(model: Any, X: np.ndarray, y: np.ndarray, control: Outcome | None = None) -> Case:
    """The case of an estimator, without facts of the rows and of the start."""
    patient = admit(model, owner="test")
    kept, held = split_rows(y, patient.learns_labels, seed=0, max_rows=1000)
    stay = patient.on_rows(kept).stay(X[kept], y[kept])
    of_labels = patient.learns_labels
    constant = 1.0 - float(constant_errors(y[kept], y[held], of_labels=of_labels).mean())
    nothing: Any = None
    if stay.model is None:
        outcome = Outcome(-np.inf, -np.inf, constant, np.full(len(held), np.nan))
    else:
        errors = row_errors(y[held], patient.predict(stay.model, X[held]), of_labels=of_labels)
        outcome = Outcome(patient.score(stay.model, X[kept], y[kept]), 1.0 - float(errors.mean()), constant, errors)
    return Case(stay.setup, nothing, nothing, run_facts(stay), Beside(outcome, control))
