"""Leak: a column that holds the answer."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.probes.data_facts import DataFacts

__all__ = ["find"]

_FEWEST_ROWS, _FEWEST_OF_COPIES = 100, 30
_MOST_COLUMNS = 2  # where many columns give the classes away the classes are far apart, and nothing leaks
_SHARE_OF_ERRORS = 0.2  # of what all other columns leave open
_FEWEST_ERRORS = 0.02
_SOME_SKILL = 0.1
_GAP = 0.5  # of the distance between two classes' copies
_OF_A_NUMBER = 0.5  # of what a guess leaves open: the number of a row is to tell nothing

_MEANING = (
    "One column says nearly all that is asked, and all others together do not: it may be made of the target, or be known "
    "only after it. The scores are then those of a model that reads the answer, and new rows will not have it."
)
_MEANING_OF_A_COPY = (
    "A column is the target in other words: measurements of rows of one class differ, and do not put all rows in the target's "
    "order. The scores are those of a model that reads the answer, and new rows will not have it."
)
_MEANING_OF_A_NUMBER = (
    "A column numbers the rows, and tells the target: the table was sorted by it, or put together part by part. New rows have "
    "other numbers."
)


def find(case: Case) -> Finding | None:
    """A column that is made of the target, or numbers rows that are sorted by it, or tells nearly all where all others do not."""
    data = case.data
    return _copy(data) or _number(data) or _nearly_all(data)


def _copy(data: DataFacts) -> Finding | None:
    """Not one measured number differs between rows of a class, or all rows are in the order of their targets."""
    codes = data.explained.codes
    if data.explained.rows < _FEWEST_OF_COPIES or not codes or not _others_tell(data):
        return None
    kept = f"classes between which its {int(data.columns.distinct[codes[0]])} values differ, without a difference in any class"
    what = kept if data.classes is not None else "rank correlation with the target"
    value = data.classes.num_classes if data.classes is not None else float(data.explained.share[codes[0]])
    return _finding(data, codes[0], 0.9, _MEANING_OF_A_COPY, Evidence(what, value))


def _number(data: DataFacts) -> Finding | None:
    guess = data.explained.guess
    least = guess + _OF_A_NUMBER * (1.0 - guess)
    found = [column for column in data.columns.identifiers if data.explained.share[column] > least]
    if not found or data.explained.rows < _FEWEST_ROWS:
        return None
    best = max(found, key=lambda column: float(data.explained.share[column]))
    evidence = Evidence(_told(data), float(data.explained.share[best]), least)
    return _finding(data, best, 0.8, _MEANING_OF_A_NUMBER, evidence)


def _nearly_all(data: DataFacts) -> Finding | None:
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
    if not is_copy and not _others_tell(data):
        return None
    told = Evidence(_told(data), explained, 1.0 - _SHARE_OF_ERRORS * open_without)
    without = Evidence("score of a simple model without that column", others.best)
    return _finding(data, best, 0.9 if is_copy else 0.6, _MEANING, told, without)


def _others_tell(data: DataFacts) -> bool:
    """Where the other columns say nothing at all, the task may well be made of one column."""
    return data.without_strong is not None and data.without_strong.rows > 0 and data.without_strong.skill >= _SOME_SKILL


def _told(data: DataFacts) -> str:
    kind = "share of rows whose class" if data.classes is not None else "rank correlation with the target that"
    return f"{kind} one column alone gives"


def _finding(data: DataFacts, column: int, confidence: float, meaning: str, *evidence: Evidence) -> Finding:
    return Finding("leak", "harm", confidence, evidence, meaning, "L20", where=Where(column=data.columns.names[column]))
