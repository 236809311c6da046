"""What is wrong, and what helps: the doctor's findings."""

from __future__ import annotations

from dataclasses import replace

from lamina.doctor import Diagnosis, Finding, diagnose
from lamina.errors import LaminaError
from lamina.model.untrained import untrained
from lamina.report.content import Block, Part, Told, Words
from lamina.report.judged import Judged
from lamina.report.subject import Subject

__all__ = ["findings"]

_TITLE = "What the doctor finds"


def findings(subject: Subject) -> Part:
    """The doctor's findings on a copy of the model trained on a part of the rows; without rows, what its record says."""
    judged = subject.judged
    told = [*_recorded(subject)]
    if judged is None:
        told.append(
            Words("The doctor's findings need a table with the target: it trains a copy beside a plain model.", "missing")
        )
    elif not subject.examines:
        told.append(Words("The doctor was not asked.", "missing"))
    else:
        told = [*_examined(subject, judged), *told]
    return Part("findings", _TITLE, tuple(told))


def _examined(subject: Subject, judged: Judged) -> list[Block]:
    model = subject.model
    if len(model.target.names) > 1:
        return [Words("The doctor examines models of one target; this one has several.", "missing")]
    target = model.target.names[0]
    try:
        found = diagnose(
            untrained(model),
            judged.table.drop_columns([target]),
            judged.table[target],
            seed=subject.seed,
            max_rows=subject.max_rows,
        )
    except LaminaError as error:
        return [Words(f"The doctor could not examine a copy of this model on these rows: {error}", "missing")]
    if subject.spell is not None:
        found = replace(found, spell=subject.spell)
    return [Words(found.summary, "good" if found.is_healthy else "alarm"), *(_told(finding, found) for finding in found)]


def _told(finding: Finding, found: Diagnosis) -> Told:
    cures = tuple(cure.told(found.spell) for cure in finding.cures)
    meaning = f"{finding.meaning} {finding.causes}".strip()
    name, severity = finding.title, "healthy" if finding.name == "healthy" else finding.severity
    return Told(
        name[:1].upper() + name[1:], severity, finding.grade, tuple(map(str, finding.evidence)), meaning, cures, finding.row
    )


def _recorded(subject: Subject) -> list[Block]:
    """What the model's own training says for certain."""
    stop = subject.model.estimator.stop_reason_
    record = subject.record
    if record is not None and record.failure is not None:
        step, layer, quantity = record.failure
        return [Words(f"In step {step + 1:,} of training, the {quantity} of layer {layer!r} became NaN or infinite.", "alarm")]
    finite = "" if record is None else " No number became NaN or infinite in it."
    return [Words(f"The model's own training ended: {stop.text}{finite}")]
