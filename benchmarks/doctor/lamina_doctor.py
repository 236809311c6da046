"""The library's own doctor."""

from __future__ import annotations

from typing import Any, final

from benchmarks.doctor.case import Case
from benchmarks.doctor.doctors import Opinion
from lamina import Trainer
from lamina.doctor import diagnose

__all__ = ["LAMINA", "LaminaDoctor"]


@final
class LaminaDoctor:
    """``lamina.doctor.diagnose``; hints are no alarms."""

    name = "lamina"

    def diagnose(self, case: Case) -> Opinion:
        diagnosis = diagnose(case.model, case.X, case.y, seed=case.seed, **_fit_settings(case))
        findings = [finding.name for finding in diagnosis if finding.severity != "hint"]
        return Opinion(findings, [tuple(cure.changes) for cure in diagnosis.cures])


def _fit_settings(case: Case) -> dict[str, Any]:
    return {"max_epochs": case.epochs} if isinstance(case.model, Trainer) else {}


LAMINA = LaminaDoctor()
