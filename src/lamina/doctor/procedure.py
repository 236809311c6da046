"""The procedure of a treatment: cures are tried, and the best is proved on rows that it was not chosen by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.doctor.diagnosis import Diagnosis, diagnose
from lamina.doctor.examination import split_rows
from lamina.doctor.judgement import score_for
from lamina.doctor.meter import Meter
from lamina.doctor.patients import Patient, admit
from lamina.doctor.proof import judged, prove
from lamina.doctor.random_search import Cost, random_search
from lamina.doctor.rows import given_rows
from lamina.doctor.search import best_therapy
from lamina.doctor.treatment import Treatment
from lamina.doctor.trial import Trial
from lamina.errors import InvalidSettingError, phrase
from lamina.validation import boolean, check_parameters, instance, integer, one_of, value

__all__ = ["treat"]

_RULES = {
    "seed": integer(0),
    "max_rows": integer(20),
    "seeds": integer(2),
    "control": boolean(),
    "diagnosis": one_of(value(None), instance(Diagnosis)),
}
_FEWEST_TO_CHOOSE = 4


def treat(
    model: Any,
    X: Any,
    y: Any,
    *,
    budget: int = 20,
    seeds: int = 3,
    seed: int = 0,
    control: bool = True,
    diagnosis: Diagnosis | None = None,
    max_rows: int = 20_000,
    **fit: Any,
) -> Treatment:
    """Cure a model that does not learn, and prove the cure.

    Nothing is tried on a healthy model, unless neither it nor a plain model was better than a constant. A quarter of the rows is
    put aside. On the others the cures of the diagnosis, and the standard recipe in three forms, are tried one at a time with
    common seeds: all for half of their epochs, the best three whole, the best two of these on two more sets of rows (successive
    halving: Jamieson & Talwalkar 2016; Li et al. 2018). What is left of the budget goes to combinations of the best with others,
    which must be better by more than a standard error on all of these sets.

    The best is trained with several seeds, as is the model as it was, and both are judged on the rows that were put aside. Only
    where it is better there, by more than 0.01 and more than the standard error of the difference, a changed model is returned.
    Rows are drawn at random, by class.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, Pipeline that ends in one, TabularClassifier, TabularRegressor or Trainer
        Trained or not; it stays as it is.
    X : array, sparse matrix or table of shape (n, features)
        As the model's ``fit`` takes them.
    y : array of shape (n,) or (n, outputs), or str
        A name is that of a column of a table ``X``, which is then no feature.
    budget : int, default=20
        The most trainings, those that prove the cure among them; at least 4 more than twice the seeds. Those of the diagnosis and
        of the control come on top.
    seeds : int, default=3
        With how many seeds model and cure are judged, >= 2.
    seed : int, default=0
        Seed of all that is random: equal calls give equal treatments.
    control : bool, default=True
        Whether a random search over the same settings, with as many trainings, is run and judged, too.
    diagnosis : Diagnosis, optional
        Of :func:`diagnose`; by default it is made here.
    max_rows : int, default=20000
        Of larger data so many rows are drawn at random; >= 20.
    **fit
        With a Trainer: what its ``fit`` is given beside the rows, such as ``max_epochs=50``.

    Returns
    -------
    Treatment
        With ``model``, which is not trained: ``treatment.model.fit(X, y, **treatment.fit_settings)``.

    Raises
    ------
    InvalidSettingError
        If the model is none of these, has several outputs, a setting is wrong, or the diagnosis is of another kind of model.
    DataError, ShapeError
        If the rows cannot be used.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from lamina import MLPClassifier, treat
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), activation="sigmoid", solver="sgd", max_iter=20, random_state=0)
    >>> treatment = treat(model, X[:400] * 16, y[:400], control=False)
    >>> treatment.improved
    True
    """
    least = integer(2 * seeds + _FEWEST_TO_CHOOSE) if integer(2).accepts(seeds) else integer(1)
    given = {"seed": seed, "max_rows": max_rows, "seeds": seeds, "control": control, "diagnosis": diagnosis, "budget": budget}
    check_parameters(given, _RULES | {"budget": least}, owner="treat")
    patient = admit(model, owner="treat", fit=fit)
    diagnosis = diagnosis or diagnose(model, X, y, seed=seed, max_rows=max_rows, **fit)
    _check_same_kind(patient, diagnosis)
    names = tuple(finding.name for finding in diagnosis)
    score = score_for(patient, names, is_behind=diagnosis.case.is_behind)
    if diagnosis.is_healthy and diagnosis.shows_skill:
        return Treatment(model, dict(fit), False, (), diagnosis, score)
    X, y = given_rows(X, y, of_labels=patient.learns_labels, owner="treat")
    patient, X, y = patient.of_inputs(are_sparse=diagnosis.case.setup.has_sparse_inputs).as_read(X, y)
    rows, aside = split_rows(y, patient.learns_labels, seed=seed, max_rows=max_rows)
    trial = Trial(patient, X, y, rows, score, seed)
    best, tried = best_therapy(trial, diagnosis, budget - 2 * seeds)
    choosing = Cost(trial.meter.trainings, trial.meter.row_epochs)
    proof = prove(trial, best, aside, seeds)
    improved = bool(best.cures) and proof.holds
    cured = patient.changed(best.changes)
    searched = _controlled(replace(trial, meter=Meter()), diagnosis, choosing, aside, seeds) if control else {}
    return Treatment(
        model=cured.model() if improved else model,
        fit_settings=cured.fit_settings if improved else dict(fit),
        improved=improved,
        cures=best.cures if improved else (),
        diagnosis=diagnosis,
        score=score,
        before=proof.before,
        after=proof.after,
        best_changes=best.changes,
        tried=tuple(tried),
        trainings=choosing.trainings + 2 * seeds,
        row_epochs=trial.meter.row_epochs,
        **searched,
    )


def _check_same_kind(patient: Patient, diagnosis: Diagnosis) -> None:
    if diagnosis.case.setup.learns_labels != patient.learns_labels:
        repair = "Leave it out, and it is made here."
        raise InvalidSettingError(phrase("diagnosis", "must be one of this model", diagnosis, repair=repair, owner="treat"))


def _controlled(trial: Trial, diagnosis: Diagnosis, choosing: Cost, aside: np.ndarray, seeds: int) -> dict[str, Any]:
    """What a random search at the cost of the choice comes to."""
    drawn = random_search(trial, diagnosis.case.setup, choosing)
    return {
        "control": judged(trial, drawn, aside, seeds),
        "control_changes": drawn.changes,
        "control_trainings": trial.meter.trainings,
        "control_row_epochs": trial.meter.row_epochs,
    }
