"""What the doctor says at the end of ``lamina train``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lamina.cli.output import print_line

if TYPE_CHECKING:
    from lamina.doctor import Finding
    from lamina.doctor.patients.intake import Intake
    from lamina.model import FitResult, RunSettings

__all__ = ["Doctor", "advice_of", "print_advice", "watcher"]

Doctor = Literal["advise", "treat", "off"]


def watcher(doctor: Doctor, run: RunSettings) -> Intake | None:
    """A monitor for an advice; None if none is wanted, or if several trainings run in parallel."""
    if doctor != "advise" or not run.monitor or run.restarts > 1:
        return None
    from lamina.doctor.patients.intake import Intake
    from lamina.model.table_fit import PROBES

    return Intake(PROBES)


def advice_of(result: FitResult, watched: Intake | None) -> list[dict[str, Any]]:
    """The findings of a watched training as JSON-able values."""
    if watched is None or watched.trainer is None:
        return []
    from lamina.doctor.probes.nothing_learned import nothing_learned

    if not nothing_learned(watched):
        return []  # before the findings are imported, which takes longer
    from lamina.cli.cure_options import options_for
    from lamina.doctor.advice import advise
    from lamina.model import TabularClassifier, TabularRegressor
    from lamina.model.kept_settings import settings_of

    learns_labels = result.model.target.task == "classification"
    settings = settings_of(result.model)
    found = advise(watched, settings.stopping.max_epochs, learns_labels=learns_labels)
    kind: Any = TabularClassifier if learns_labels else TabularRegressor
    spell = options_for(kind.from_settings(settings))
    return [finding.to_dict(spell) | {"text": _sentence(finding)} for finding in found]


def _sentence(finding: Finding) -> str:
    measured = str(finding.evidence[0])
    return f"{finding.title}. {measured[0].upper()}{measured[1:]}."


def print_advice(findings: list[dict[str, Any]]) -> None:
    """One line a finding: what was measured, and the likeliest cure; what follows from another finding is left out."""
    for finding in (each for each in findings if not each["because_of"]):
        cure = f" May help: {finding['cures'][0]['written']}" if finding["cures"] else ""
        print_line(f"Doctor: {finding['text']}{cure}")
