"""The columns as the model sees them."""

from __future__ import annotations

from lamina.data import ColumnRow
from lamina.report.content import Part, Table, Words
from lamina.report.subject import Subject

__all__ = ["columns"]

_MOST = 200
_LONG = 20


def columns(subject: Subject) -> Part:
    """What was learned of each column, and the target."""
    model = subject.model
    rows = tuple(tuple(row) for row in model.columns_)
    classes = model.target.classes
    of = f": {len(classes)} classes, {', '.join(map(str, classes[:12]))}{', …' if len(classes) > 12 else ''}"
    target = f"Predicts {', '.join(model.target.names)} ({model.target.task}{of if classes else ''})."
    more = [Words(f"Of {len(rows):,} columns, the first {_MOST} are listed.")] if len(rows) > _MOST else []
    table = Table("", ColumnRow._fields, rows[:_MOST], len(rows) > _LONG)
    return Part("columns", "The columns as the model sees them", (Words(target), table, *more))
