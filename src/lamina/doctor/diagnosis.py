"""The diagnosis: what is wrong with a model on its user's data, named with its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from lamina.doctor.case import Case
from lamina.doctor.chains import ranked
from lamina.doctor.cures.cure import Cure, Spell, spelled
from lamina.doctor.examination import examine
from lamina.doctor.finding import SEVERITIES, Evidence, Finding
from lamina.doctor.findings.registry import FINDINGS
from lamina.doctor.outcome import Outcome
from lamina.doctor.patients import Patient, admit
from lamina.html import display, paragraph
from lamina.html import finding as finding_html
from lamina.validation import check_parameters, integer

__all__ = ["Diagnosis", "diagnose"]

_SOME_SKILL = 0.02  # of accuracy or R squared
_LARGE = 1000
_RULES = {"seed": integer(0), "max_rows": integer(20)}


@dataclass(frozen=True, eq=False, slots=True)
class Diagnosis:
    """What :func:`diagnose` found: it prints with all findings, and can be asked for them by name.

    Attributes
    ----------
    findings : tuple of Finding
        Causes before consequences, the most harmful first. Never empty: "healthy" or "not_known" stand alone.
    case : Case
        Everything that was measured.
    spell : callable
        How changes are written for the user of this kind of model.
    """

    findings: tuple[Finding, ...]
    case: Case
    spell: Spell = spelled

    @property
    def is_healthy(self) -> bool:
        """Whether nothing harms: there are hints at most."""
        return all(finding.name == "healthy" or finding.severity == SEVERITIES[-1] for finding in self.findings)

    @property
    def shows_skill(self) -> bool:
        """Whether the model, or the plain one, is clearly better than a constant; if not, the rows may hold nothing to learn."""
        return _has_skill(self.case)

    @property
    def cures(self) -> tuple[Cure, ...]:
        """The cures of all findings, the likeliest first, each once."""
        in_turn = zip_longest(*(finding.cures for finding in self.findings))
        return _distinct([cure for turn in in_turn for cure in turn if cure is not None])

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, name: str) -> Finding:
        """The finding of a name.

        Raises
        ------
        KeyError
            If it was not found.
        """
        return {finding.name: finding for finding in self.findings}[name]

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __str__(self) -> str:
        return "\n\n".join([self.summary, *(finding.told(self.spell) for finding in self.findings)])

    def __repr__(self) -> str:
        return f"<Diagnosis: {', '.join(finding.name for finding in self.findings)}>"

    def _repr_html_(self) -> str:
        """The findings, each with its evidence and what may help, in a notebook."""
        told = [finding_html(finding.in_words(self.spell)) for finding in self.findings]
        return display("Diagnosis", paragraph(self.summary, "good" if self.is_healthy else "alarm"), *told)

    @property
    def summary(self) -> str:
        """One line on how good the model is, beside a constant prediction and the control."""
        outcome, control = self.case.outcome, self.case.control
        if not math.isfinite(outcome.held_out):
            return f"Training failed, so there is no score (a constant {_shown(outcome.constant)}{_beside(control)})."
        others = f"training rows {_shown(outcome.train)}, a constant {_shown(outcome.constant)}{_beside(control)}"
        return f"Held-out {self._score} {_shown(outcome.held_out)} ({others})."

    def to_dict(self) -> dict[str, Any]:
        """Findings and scores as JSON-able values; a score that was not measured is None."""
        outcome, control = self.case.outcome, self.case.control
        scores = {
            "training": outcome.train,
            "held_out": outcome.held_out,
            "constant": outcome.constant,
            "control": math.nan if control is None else control.held_out,
        }
        return {
            "summary": self.summary,
            "healthy": self.is_healthy,
            "score": self._score,
            "scores": {name: float(score) if math.isfinite(score) else None for name, score in scores.items()},
            "findings": [finding.to_dict(self.spell) for finding in self.findings],
        }

    @property
    def _score(self) -> str:
        level = self.case.outcome.level
        of_numbers = "R²" if level is None else f"D² of the quantile {level:g}"
        return "accuracy" if self.case.setup.learns_labels else of_numbers


def diagnose(model: Any, X: Any, y: Any, *, seed: int = 0, max_rows: int = 20_000, **fit: Any) -> Diagnosis:
    """Examine a model on its data, and name what keeps it from learning.

    A copy of the model is trained on three quarters of the rows while it is watched, and judged on the others, beside a plain
    model on the same rows: a network by the standard recipe or a linear model, whichever is better. What is found rests on what
    was measured before, in and after the training, and on how far the model stays behind.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, Pipeline that ends in one, TabularClassifier, TabularRegressor or Trainer
        Trained or not; it stays as it is. Only its settings count.
    X : array, sparse matrix or table of shape (n, features)
        As the model's ``fit`` takes them.
    y : array of shape (n,) or (n, outputs), or str
        A name is that of a column of a table ``X``, which is then no feature.
    seed : int, default=0
        Seed of the split and of the control.
    max_rows : int, default=20000
        Larger data are examined on this many rows, drawn at random; >= 20.
    **fit
        With a Trainer: what its ``fit`` is given beside the rows, such as ``max_epochs=50``.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InvalidSettingError
        If the model is none of these, has several outputs, or its settings are wrong.
    DataError, ShapeError
        If the rows cannot be used.

    Examples
    --------
    Pixels from 0 to 255 saturate sigmoid units:

    >>> from sklearn.datasets import load_digits
    >>> from lamina import MLPClassifier, diagnose
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32, 32), activation="sigmoid", solver="sgd", max_iter=30, random_state=0)
    >>> diagnosis = diagnose(model, X * 16, y)
    >>> diagnosis.is_healthy
    False
    """
    check_parameters({"seed": seed, "max_rows": max_rows}, _RULES, owner="diagnose")
    case = examine(model, X, y, seed=seed, max_rows=max_rows, fit=fit)
    patient = admit(model, owner="diagnose", fit=fit).of_inputs(are_sparse=case.setup.has_sparse_inputs)
    found = [_for_patient(finding, patient) for find in FINDINGS.values() if (finding := find(case)) is not None]
    return Diagnosis(ranked(found) or (_verdict_without_findings(case),), case, patient.spelled)


def _for_patient(finding: Finding, patient: Patient) -> Finding:
    """The finding in the patient's words, without cures that change what this kind of model does not have."""
    cures = tuple(cure for cure in finding.cures if patient.words.issuperset(cure.changes))
    return replace(finding, cures=cures, spell=patient.spelled)


def _beside(control: Outcome | None) -> str:
    return "" if control is None else f", a plain model {_shown(control.held_out)}"


def _shown(score: float) -> str:
    text = f"{score:.3f}" if abs(score) < _LARGE else f"{score:.3g}"
    return "0.000" if text == "-0.000" else text


def _verdict_without_findings(case: Case) -> Finding:
    outcome = case.outcome
    evidence = [Evidence("held-out score", outcome.held_out)]
    if case.control is not None:
        evidence.append(Evidence("held-out score of a plain model", case.control.held_out))
    if case.is_clearly_behind:
        meaning = (
            "The model stays behind a plain model on the same rows, and nothing that was measured says why. "
            "Try the standard recipe: scaled inputs, relu with He's weights, Adam at 0.001."
        )
        return Finding("not_known", "harm", 0.5, tuple(evidence), meaning)
    if case.control is None and not _has_skill(case):
        meaning = (
            "The model is not clearly better than a constant, and nothing that was measured says why. "
            "No plain model can be trained beside one of several inputs, to tell whether the rows can be learned."
        )
        return Finding("not_known", "hint", 0.5, tuple(evidence), meaning)
    if case.control is None:
        meaning = "No plain model can be trained beside one of several inputs. Nothing that was measured harms it."
        return Finding("healthy", "hint", 0.6, tuple(evidence), meaning)
    meaning = (
        "The model is not behind a plain model on these rows, by more than chance explains. Nothing that was measured harms it."
    )
    if not _has_skill(case):
        meaning += " But neither is clearly better than a constant: what these inputs tell of the target is little, if anything."
    return Finding("healthy", "hint", 0.9, tuple(evidence), meaning)


def _has_skill(case: Case) -> bool:
    scores = [outcome.held_out for outcome in (case.outcome, case.control) if outcome is not None]
    return max(scores) >= case.outcome.constant + _SOME_SKILL


def _distinct(cures: Sequence[Cure]) -> tuple[Cure, ...]:
    kept: list[Cure] = []
    for cure in cures:
        if all(dict(cure.changes) != dict(other.changes) for other in kept):
            kept.append(cure)
    return tuple(kept)
