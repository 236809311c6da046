"""What is wrong, and what helps: the doctor's findings."""

from __future__ import annotations

from dataclasses import replace

from lamina.doctor import diagnose
from lamina.doctor.patients.reading import values_table
from lamina.errors import LaminaError
from lamina.html.numbers import shown
from lamina.model.untrained import untrained
from lamina.report.content import Block, Part, Words
from lamina.report.judged import Judged
from lamina.report.parts.recorded import recorded
from lamina.report.subject import Subject

__all__ = ["findings"]

_TITLE = "What the doctor finds"


def findings(subject: Subject) -> Part:
    """The doctor's findings on a copy of the model trained on a part of the rows; without rows, what the record shows alone."""
    judged = subject.judged
    examined = recorded(subject) if judged is None or not subject.examines else _examined(subject, judged)
    return Part("findings", _TITLE, (*examined, *_ending(subject)))


def _examined(subject: Subject, judged: Judged) -> list[Block]:
    model = subject.model
    names = model.target.names
    # labels as they are; all else as the model reads it, which the copy would learn anew of these rows alone
    y = judged.table[names[0]] if subject.learns_labels else judged.truth
    rows, kinds = values_table(judged.read)
    copy = untrained(model).set_params(kinds=kinds)
    try:
        found = diagnose(copy, rows, y, seed=subject.seed, max_rows=subject.max_rows)
    except LaminaError as error:
        return [Words(f"The doctor could not examine a copy of this model on these rows: {error}", "missing"), *recorded(subject)]
    if subject.spell is not None:
        found = replace(found, spell=subject.spell)
    together = [Words(f"Scores are means over the {len(names)} targets, which the copy learned together.")]
    return [
        Words(found.summary, "good" if found.is_healthy else "alarm"),
        *(together if len(names) > 1 else []),
        Words(_of_whom(subject, judged)),
        *(finding.in_words(found.spell) for finding in found),
    ]


def _of_whom(subject: Subject, judged: Judged) -> str:
    """That the doctor's scores are not those of the model."""
    name, word = subject.headline(judged.evaluation)
    some = f" {subject.max_rows:,} of these rows, drawn at random, were examined." if judged.num_rows > subject.max_rows else ""
    return (
        f"The doctor judges a copy of the model: trained anew, while it is watched, on three quarters of {subject.rows_of}, and "
        f"scored on the last quarter.{some} Its scores here are not the model's own, whose {word} is "
        f"{shown(judged.evaluation['model'][name])} on all these rows."
    )


def _ending(subject: Subject) -> list[Block]:
    """What the model's own training says for certain."""
    stop = subject.model.estimator.stop_reason_
    record = subject.record
    if record is not None and record.failure is not None:
        step, layer, quantity = record.failure
        return [Words(f"In step {step + 1:,} of training, the {quantity} of layer {layer!r} became NaN or infinite.", "alarm")]
    finite = "" if record is None else " No number became NaN or infinite in it."
    return [Words(f"The model's own training ended: {stop.text}{finite}")]
