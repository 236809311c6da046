"""The treatment: cures are tried, the best is proved on rows that it was not chosen by, beside a random search."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.cures import Cure
from lamina.doctor.cures.ranges import random_cure
from lamina.doctor.cures.refinements import refinements
from lamina.doctor.cures.standard_recipe import standard_recipe
from lamina.doctor.diagnosis import Diagnosis, diagnose
from lamina.doctor.examination import split_rows
from lamina.doctor.judgement import score_for
from lamina.doctor.patients import Patient, admit
from lamina.doctor.rows import given_rows
from lamina.doctor.search import combine, halve, num_first
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result, Trial
from lamina.errors import InvalidSettingError, phrase
from lamina.html import Printed
from lamina.text_table import text_table
from lamina.validation import boolean, check_parameters, instance, integer, one_of, value

__all__ = ["Scores", "Treatment", "treat"]

_RULES = {
    "seed": integer(0),
    "max_rows": integer(20),
    "seeds": integer(2),
    "control": boolean(),
    "diagnosis": one_of(value(None), instance(Diagnosis)),
}
_FEWEST_TO_CHOOSE = 4
_COMBINATIONS = 3
_WIDTH = 100  # of a line, in characters
_GAIN = 0.01  # what is less is not worth a change


@dataclass(frozen=True, slots=True)
class Scores:
    """Held-out scores of several trainings, one for each seed; larger is better, −infinity where training failed.

    Examples
    --------
    >>> print(Scores((0.9, 0.92)))
    0.910 ± 0.014
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds; NaN where a training failed."""
        return float(np.std(self.values, ddof=1)) if math.isfinite(self.mean) else math.nan

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.spread:.3f}" if math.isfinite(self.mean) else "training failed"


@dataclass(frozen=True, eq=False, slots=True)
class Treatment(Printed):
    """What :func:`treat` did, and what came of it.

    Attributes
    ----------
    model : object
        The cured model, not trained; of the kind that was given, or a Pipeline, a TransformedTargetRegressor or a
        :class:`Regimen` around it, where inputs or targets are scaled. The given object itself if nothing helped.
    fit_settings : dict
        With a Trainer: what its ``fit`` is to be given beside the rows; empty otherwise.
    improved : bool
        Whether the model is a cured one.
    cures : tuple of Cure
        What was changed, and why; empty if nothing helped.
    diagnosis : Diagnosis
    score : str
        "accuracy"; "balanced_accuracy" where classes are weighed or should be; "log_likelihood" where the accuracy is as good as
        it could be; "r2"; "d2_absolute_error" where a loss suffers from outliers.
    before, after, control : Scores or None
        On held-out rows by which nothing was chosen: of the model as it was, of the best therapy, and of the best of a random
        search over the same settings at equal budget. None where it was not measured.
    best_changes, control_changes : dict
        The best therapy, whether or not it helped, and the best of the random search.
    tried : tuple of Result
        Every training by which the therapy was chosen.
    trainings, row_epochs : int
        What choosing and proving took.
    control_trainings, control_row_epochs : int
        What the random search took.
    """

    model: Any
    fit_settings: dict[str, Any]
    improved: bool
    cures: tuple[Cure, ...]
    diagnosis: Diagnosis
    score: str
    before: Scores | None = None
    after: Scores | None = None
    control: Scores | None = None
    best_changes: Mapping[str, Any] | None = None
    control_changes: Mapping[str, Any] | None = None
    tried: tuple[Result, ...] = ()
    trainings: int = 0
    row_epochs: int = 0
    control_trainings: int = 0
    control_row_epochs: int = 0

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the given model, by the words of :data:`lamina.doctor.CHANGES`."""
        return dict(Therapy(self.cures).changes)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.before is None or self.after is None:
            return "Nothing to treat: nothing was found that harms."
        rose = f"the held-out {self._name} rose from {self.before} to {self.after}"
        if self.improved and self._is_below_constant:
            return f"Better, not cured: {rose}; a constant has {self.diagnosis.case.outcome.constant:.3f}."
        if self.improved:
            return f"Cured: {rose}."
        came = f"the held-out {self._name} is {self.before} as it was, {self.after} with the best of them"
        return f"No cure helped: {came}. The model stays as it was."

    def __str__(self) -> str:
        if self.before is None:
            return self.verdict
        scores = {"as it was": self.before, "treated": self.after, "random search": self.control}
        shown = {name: str(each) for name, each in scores.items() if each is not None}
        table = text_table({"": list(shown), self._name: list(shown.values())})
        cost = f"{self.trainings} trainings, {self.row_epochs:,} rows times epochs"
        control = f"; random search: {self.control_trainings}, {self.control_row_epochs:,}" if self.control is not None else ""
        changed = [line for cure in self.cures for line in self._told(cure)]
        return "\n".join([self.verdict, "", table, "", *changed, f"Budget used: {cost}{control}."])

    @property
    def _name(self) -> str:
        """The score in words."""
        return "R²" if self.score == "r2" else self.score.replace("_", " ")

    @property
    def _is_below_constant(self) -> bool:
        """Whether the treated model is not even as good as a constant prediction was in the diagnosis."""
        is_comparable = self.score in ("r2", "accuracy") and self.after is not None
        return is_comparable and self.after.mean < self.diagnosis.case.outcome.constant  # type: ignore[union-attr]

    def _told(self, cure: Cure) -> list[str]:
        """What a cure changes, on a line of its own to be copied, and why."""
        reason = textwrap.wrap(self._reason(cure), _WIDTH, initial_indent="  ", subsequent_indent="  ")
        return [f"- {cure.name}:", f"  {self.diagnosis.spell(cure.changes)}", *reason]

    def _reason(self, cure: Cure) -> str:
        """The finding that a cure is of, and why it helps."""
        found = [finding.title for finding in self.diagnosis if cure in finding.cures]
        return f"Found: {found[0]}. {cure.why}" if found else cure.why

    def to_dict(self) -> dict[str, Any]:
        """All but the model as JSON-able values; a number that is not finite is its name."""
        scores = {name: getattr(self, name) for name in ("before", "after", "control")}
        plain = ("improved", "changes", "score", "verdict", "trainings", "row_epochs", "control_trainings", "control_row_epochs")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: None if each is None else [_plain(score) for score in each.values] for name, each in scores.items()},
            "cures": [cure.to_dict() for cure in self.cures],
            "best_changes": dict(self.best_changes or {}),
            "control_changes": dict(self.control_changes or {}),
            "findings": [finding.name for finding in self.diagnosis],
            "tried": [
                {
                    "therapy": result.therapy.name,
                    "changes": dict(result.therapy.changes),
                    "score": _plain(result.score),
                    "share": result.share,
                    "problem": result.problem,
                }
                for result in self.tried
            ],
        }


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

    A quarter of the rows is put aside. On the others the cures of the diagnosis, and the standard recipe as the last, are tried
    one at a time with common seeds: all for half of their epochs, the best three whole, then the best together with the others
    (successive halving: Jamieson & Talwalkar 2016; Li et al. 2018). The best is trained with several seeds, as is the model as it
    was, and both are judged on the rows that were put aside. Only where it is better there, by more than 0.01 and more than the
    standard error of the difference, a changed model is returned. Rows are drawn at random, by class.

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
    if diagnosis.is_healthy:
        return Treatment(model, dict(fit), False, (), diagnosis, score)
    X, y = given_rows(X, y, of_labels=patient.learns_labels, owner="treat")
    patient = patient.of_inputs(are_sparse=diagnosis.case.setup.has_sparse_inputs)
    rows, aside = split_rows(y, patient.learns_labels, seed=seed, max_rows=max_rows)
    trial = Trial(patient, X, y, rows, score, seed)
    best, tried = _best_therapy(trial, diagnosis, budget - 2 * seeds)
    choosing = (trial.meter.trainings, trial.meter.row_epochs)
    as_it_was = [trial.verify(Therapy(), aside, number) for number in range(seeds)]
    treated = [trial.verify(best, aside, number) for number in range(seeds)]
    before, after = _scores(as_it_was), _scores(treated)
    improved = bool(best.cures) and _is_better(treated, as_it_was)
    cured = patient.changed(best.changes)
    searched = _random_search(trial, diagnosis, choosing, aside, seeds) if control else {}
    return Treatment(
        model=cured.model() if improved else model,
        fit_settings=cured.fit_settings if improved else dict(fit),
        improved=improved,
        cures=best.cures if improved else (),
        diagnosis=diagnosis,
        score=score,
        before=before,
        after=after,
        best_changes=best.changes,
        tried=tuple(tried),
        trainings=choosing[0] + 2 * seeds,
        row_epochs=trial.meter.row_epochs,
        **searched,
    )


def _check_same_kind(patient: Patient, diagnosis: Diagnosis) -> None:
    if diagnosis.case.setup.learns_labels != patient.learns_labels:
        repair = "Leave it out, and it is made here."
        raise InvalidSettingError(phrase("diagnosis", "must be one of this model", diagnosis, repair=repair, owner="treat"))


def _best_therapy(trial: Trial, diagnosis: Diagnosis, budget: int) -> tuple[Therapy, list[Result]]:
    """The therapy that did best on the rows to choose by, and all that was tried."""
    recipes = standard_recipe(trial.patient.words, diagnosis.case.setup)
    num_cures = max(num_first(budget, combines=True) - len(recipes), 0)
    cures = [*diagnosis.cures[:num_cures], *recipes]
    finalists, others = halve(trial, [Therapy((cure,)) for cure in cures], budget)
    if not finalists:
        return Therapy(), others
    best, tried = finalists[0], [*others, *finalists]
    further = [result.therapy.cures[0] for result in [*finalists[1:], *others] if not result.problem]
    best, combined = combine(trial, best, further, min(budget - len(tried), _COMBINATIONS), _GAIN / 2)
    tried += combined
    finer = refinements(best.therapy.changes, trial.patient.words, diagnosis.case.setup)
    best, refined = combine(trial, best, finer, budget - len(tried), _GAIN / 2, first=True)
    return best.therapy, tried + refined


def _random_search(trial: Trial, diagnosis: Diagnosis, used: tuple[int, int], aside: np.ndarray, seeds: int) -> dict[str, Any]:
    """The control: therapies drawn at random, chosen by the same halving with as many trainings, rows and epochs."""
    rng = np.random.default_rng([trial.seed, 2000])
    searching = Trial(trial.patient, trial.X, trial.y, trial.rows, trial.score, trial.seed)
    sizes = {"num_hidden": len(diagnosis.case.setup.hidden_widths), "num_rows": len(trial.rows) // 2}
    drawn = [random_cure(trial.patient.words, rng, **sizes) for _ in range(num_first(used[0], combines=False))]
    finalists, _ = halve(searching, [Therapy((cure,)) for cure in drawn], *used)
    best = finalists[0].therapy if finalists else Therapy()
    scores = _scores([searching.verify(best, aside, number) for number in range(seeds)])
    return {
        "control": scores,
        "control_changes": best.changes,
        "control_trainings": searching.meter.trainings,
        "control_row_epochs": searching.meter.row_epochs,
    }


def _scores(results: Sequence[Result]) -> Scores:
    return Scores(tuple(result.score for result in results))


def _is_better(treated: Sequence[Result], as_it_was: Sequence[Result]) -> bool:
    """Whether the mean difference is larger than 0.01, and than its standard error over seeds and over rows."""
    after, before = (np.array([result.values for result in results]) for results in (treated, as_it_was))
    if not np.isfinite(after).all():
        return False
    if not np.isfinite(before).all():
        return True
    differences = after - before
    by_seed, by_row = differences.mean(axis=1), differences.mean(axis=0)
    chance = max(float(by.std(ddof=1)) / math.sqrt(len(by)) for by in (by_seed, by_row))
    return float(differences.mean()) > max(_GAIN, chance)


def _plain(score: float) -> float | str:
    return score if math.isfinite(score) else str(score)
