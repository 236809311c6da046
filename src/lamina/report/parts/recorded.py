"""What the record of a model's own training says, where no table is at hand."""

from __future__ import annotations

from lamina.doctor import FINDINGS
from lamina.doctor.by_record import WITHOUT_ROWS, ByRecord, examine_record
from lamina.doctor.patients import admit
from lamina.estimators.fitted import fit_of
from lamina.metrics import Evaluation
from lamina.model.kept_settings import settings_of
from lamina.model.untrained import untrained
from lamina.report.content import Block, Words
from lamina.report.subject import Subject

__all__ = ["recorded"]


def recorded(subject: Subject) -> list[Block]:
    """Findings that follow from losses, layers and settings alone; and which ones were not looked for."""
    found = _examined(subject)
    patient = admit(untrained(subject.model), owner="report")
    spell = subject.spell or patient.spelled
    blocks: list[Block] = [Words(_verdict(found), "alarm" if found.learned_nothing else "plain")]
    short = Evaluation(subject.model.summary.get("metrics") or {}).shortcoming
    if short and not found.findings:  # that there may be nothing to learn is no word beside a cause
        blocks.append(Words(f"On its test rows: {short}", "alarm"))
    blocks += [finding.in_words(spell) for finding in found.findings]
    others = [_words(name) for name in FINDINGS if name not in WITHOUT_ROWS]
    looked = ", ".join(map(_words, WITHOUT_ROWS))
    return [*blocks, Words(_left_out(looked, others, subject), "missing")]


def _examined(subject: Subject) -> ByRecord:
    model = subject.model
    settings, rows, measured = settings_of(model), model.summary.get("rows", {}), model.summary.get("metrics")
    varies = (measured or {}).get("baseline", {}).get("r2", 0.0) < 1  # numbers that are all the same have no deviation of 1
    weighs = settings.optimization.class_weight is not None
    return examine_record(
        fit_of(model.estimator).trainer,
        subject.record,
        model.estimator.max_iter,
        num_rows=rows.get("training") or 1,
        num_validation_rows=rows.get("validation") or 0,
        num_classes=len(model.target.classes),
        is_standard=varies and "earlier" not in model.summary,  # a training that goes on has the scale of the one before
        patience=settings.stopping.patience,
        measured=None if weighs else measured,
    )


def _verdict(found: ByRecord) -> str:
    if found.learned_nothing:
        causes = "" if found.findings else " Nothing that was recorded says why; these columns may tell nothing of the target."
        return f"In its own training, the model learned next to nothing beyond a constant prediction.{causes}"
    if found.learned_nothing is None:
        return "Whether the model learned more than a constant prediction cannot be told without rows."
    return "In its own training, the model learned more than a constant prediction. How much better it could be, only rows tell."


def _left_out(looked: str, others: list[str], subject: Subject) -> str:
    layers = "" if subject.record is not None else " Layers could not be judged, because the model keeps no record of them."
    how = (
        "give a table with the target as TABLE"
        if subject.judged is None
        else "let the doctor train a copy, which was switched off"
    )
    return (
        f"By the record alone it was looked for: {looked}.{layers} Not examined, as rows or a plain model beside it are needed: "
        f"{', '.join(others)}. To have that, {how}."
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
