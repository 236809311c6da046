"""What the doctor says at the end of ``lamina train``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from lamina.cli.output import print_line

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.doctor import Finding
    from lamina.doctor.patients.intake import Intake
    from lamina.model import FitResult, RunSettings, TableModel

__all__ = ["Doctor", "advice_of", "advice_of_file", "print_advice", "watcher"]

Doctor = Literal["advise", "treat", "off"]


def watcher(doctor: Doctor, run: RunSettings) -> Intake | None:
    """A monitor for an advice, of the kept training where there are restarts; None if no advice is wanted."""
    if doctor != "advise" or not run.monitor:
        return None
    from lamina.doctor.patients.intake import Intake, RestartsIntake
    from lamina.model.table_fit import PROBES

    return Intake(PROBES) if run.restarts == 1 else RestartsIntake(PROBES)


def advice_of(result: FitResult, watched: Intake | None) -> list[dict[str, Any]]:
    """The findings of a watched training as JSON-able values."""
    if watched is None or watched.trainer is None:
        return []
    from lamina.doctor.probes.nothing_learned import nothing_learned

    if not nothing_learned(watched.trainer, watched.record, watched.training):
        return []  # before the findings are imported, which takes longer
    from lamina.doctor.advice import advise

    model = result.model
    epochs, learns_labels = model.estimator.max_iter, model.target.task == "classification"
    return _told(model, advise(watched, epochs, learns_labels=learns_labels))


def advice_of_file(model: TableModel, table: pa.Table) -> list[dict[str, Any]]:
    """The findings in what a model's file keeps of its training, by a table like the one that it was trained on."""
    from lamina.doctor.advice import advise_afterwards
    from lamina.estimators.fitted import fit_of

    fit = fit_of(model.estimator)
    if fit.monitor is None:
        return []
    rows, y = model.target.present_rows(table, unknown="drop")
    features = model.encoder.transform(model.read(table.take(rows)))
    learns_labels = model.target.task == "classification"
    data = fit.trainer.batches(features, y if learns_labels else model.scale.forward(y))
    epochs = model.estimator.max_iter
    return _told(model, advise_afterwards(fit.trainer, fit.monitor, data, epochs, learns_labels=learns_labels))


def _told(model: TableModel, found: Sequence[Finding]) -> list[dict[str, Any]]:
    from lamina.cli.cure_options import options_for
    from lamina.model.untrained import untrained

    spell = options_for(untrained(model))
    return [finding.to_dict(spell) | {"text": _sentence(finding), "told": finding.told(spell)} for finding in found]


def _sentence(finding: Finding) -> str:
    measured = str(finding.evidence[0])
    return f"{finding.title}. {measured[0].upper()}{measured[1:]}."


def print_advice(findings: list[dict[str, Any]]) -> None:
    """One line a finding: what was measured, and the likeliest cure; what follows from another finding is left out."""
    for finding in (each for each in findings if not each["because_of"]):
        cure = f" May help: {finding['cures'][0]['written']}" if finding["cures"] else ""
        print_line(f"Doctor: {finding['text']}{cure}")
