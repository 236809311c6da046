"""The library's own doctor."""

from __future__ import annotations

from typing import Any, final

from sklearn.base import clone

from benchmarks.doctor.case import Case
from benchmarks.doctor.doctors import Opinion, Treated
from lamina import Trainer
from lamina.doctor import diagnose, treat

__all__ = ["LAMINA", "LaminaDoctor"]


@final
class LaminaDoctor:
    """``diagnose``, whose hints are no alarms, and ``treat``, whose own control is left out: random search is the benchmark's."""

    name = "lamina"

    def diagnose(self, case: Case) -> Opinion:
        diagnosis = diagnose(case.model, case.X, case.y, seed=case.seed, **_fit_settings(case))
        findings = [finding.name for finding in diagnosis if finding.severity != "hint"]
        return Opinion(findings, [tuple(cure.changes) for cure in diagnosis.cures])

    def treat(self, case: Case, budget: int) -> Treated:
        settings = _fit_settings(case)
        treatment = treat(case.model, case.X, case.y, budget=budget, seed=case.seed, control=False, **settings)
        if not treatment.improved:
            return Treated(case.train(), (), treatment.trainings)
        model = treatment.model if isinstance(case.model, Trainer) else clone(treatment.model)
        model.fit(case.X, case.y, **(settings | treatment.fit_settings))
        return Treated(model, tuple(treatment.changes), treatment.trainings)


def _fit_settings(case: Case) -> dict[str, Any]:
    return {"max_epochs": case.epochs} if isinstance(case.model, Trainer) else {}


LAMINA = LaminaDoctor()
