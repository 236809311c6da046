"""How good the model is on the rows of the table."""

from __future__ import annotations

from lamina.metrics import Evaluation
from lamina.report.content import Block, Part, Table, Words
from lamina.report.parts.of_classes import of_classes
from lamina.report.parts.of_numbers import of_numbers
from lamina.report.subject import Subject

__all__ = ["quality"]


def quality(subject: Subject) -> Part:
    """The metrics, and the pictures of the model's kind; without rows, the metrics of its test part."""
    title = "How good it is"
    if subject.judged is None:
        measured = subject.model.summary.get("metrics")
        needs = (
            "The confusion matrix, ROC and calibration need"
            if subject.learns_labels
            else "Predictions, residuals and intervals need"
        )
        without = Words(f"{needs} a table with the target: give it as TABLE.", "missing")
        rows = subject.model.summary.get("rows", {}).get("test")
        known = _metrics(Evaluation(measured), f"On {rows:,} test rows, measured after training") if measured else []
        return Part("quality", title, (*known, without))
    draw = of_classes if subject.learns_labels else of_numbers
    known = _metrics(subject.judged.evaluation, f"On {subject.rows_of}")
    warning = Words("Rows that the model was trained on flatter it. Judge by others.")
    return Part("quality", title, (warning, *known, *draw(subject.model, subject.judged, subject.seed)))


def _metrics(evaluation: Evaluation, title: str) -> list[Block]:
    mean = f"{title}: mean of the targets" if evaluation.targets else title
    blocks: list[Block] = [Table(mean, evaluation.headings, tuple(evaluation.numbers))]
    blocks += [Table(f"{title}: {name}", each.headings, tuple(each.numbers)) for name, each in evaluation.targets.items()]
    return [*blocks, Words(evaluation.shortcoming, "alarm")] if evaluation.shortcoming else blocks
