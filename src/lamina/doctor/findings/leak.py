"""Leak: a column that holds the answer."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.finding import Evidence, Finding, Where

__all__ = ["find"]

_FEWEST_ROWS = 100
_MOST_COLUMNS = 2  # where many columns give the classes away the classes are far apart, and nothing leaks
_SHARE_OF_ERRORS = 0.2  # of what all other columns leave open
_FEWEST_ERRORS = 0.02
_SOME_SKILL = 0.1
_GAP = 0.5  # of the distance between two classes' copies


def find(case: Case) -> Finding | None:
    """One column explains nearly all of the target, and all others together far less."""
    data = case.data
    others = data.without_strong
    if data.rows < _FEWEST_ROWS or not 1 <= len(data.strong) <= _MOST_COLUMNS or others is None or not others.rows:
        return None
    best = data.strong[0]
    explained = float(data.explained.share[best])
    open_after, open_without = 1.0 - explained, 1.0 - others.best
    # A guess that is nearly always right leaves a column nothing to explain.
    if open_after > _SHARE_OF_ERRORS * min(open_without, 1.0 - data.explained.guess) or open_without < _FEWEST_ERRORS:
        return None
    is_copy = data.classes is not None and data.explained.gap * (data.classes.num_classes - 1) >= _GAP
    # Where the others say nothing at all, the task may well be made of one column.
    if not is_copy and others.skill < _SOME_SKILL:
        return None
    score = "share of rows whose class" if data.classes is not None else "rank correlation with the target that"
    return Finding(
        "leak",
        "harm",
        0.9 if is_copy else 0.6,
        (
            Evidence(f"{score} one column alone gives", explained, 1.0 - _SHARE_OF_ERRORS * open_without),
            Evidence("score of a simple model without that column", others.best),
        ),
        "One column says nearly all that is asked, and all others together do not: it may be made of the target, or be known "
        "only after it. The scores are then those of a model that reads the answer, and new rows will not have it.",
        "L20",
        where=Where(column=data.columns.names[best]),
    )
