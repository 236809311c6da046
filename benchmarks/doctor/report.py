"""The figures as a page of the documentation, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from benchmarks.doctor.examine import BUDGET
from benchmarks.doctor.figures import Figures
from benchmarks.doctor.programs.enumeration import SEEDS
from benchmarks.doctor.reference import TUNED
from benchmarks.doctor.verdict import MARGINS

__all__ = ["to_json", "to_markdown"]

_TITLES = {
    "noticed": "noticed",
    "named": "right finding among the first two",
    "cure_named": "right cure among the first two",
    "false_alarms": "false alarms",
    "cured": "cured",
    "cured_at_random": "cured by random search",
    "beats_random": "better than random search where that fails",
    "not_below_random": "cured where random search cures",
}
_OF_A_FINDING = ("noticed", "named", "cure_named", "cured", "cured_at_random")


_INTRODUCTION = f"""\
This page counts how often the doctor is right, on the {{half}} half of the programs in `benchmarks/doctor`. To write it anew, run

    make bench-doctor

A **sick** program has a fault as people make it, and a healthy twin without the fault. It counts only if its score on rows that
no training saw is worse than its twin's by {MARGINS["accuracy"]:g} of the accuracy, {MARGINS["r2"]:g} of R²,
{MARGINS["minus_log_loss"]:g} of the log loss or {MARGINS["balanced_accuracy"]:g} of the balanced accuracy, and by more than the
twin's spread over {len(SEEDS)} seeds. A **healthy** program, which may look odd, is about as good as the best of {len(TUNED)}
tuned networks, and as the best healthy program on the same rows.

Data sets and networks are of four groups, and no program mixes them. Groups 1 to 3 are the **calibration** half, on which
thresholds are chosen, and group 4 is the **evaluation** half: the two share no data set and no network. Groups 2 and 3 were each
the evaluation half of an earlier state of the doctor. Once a group's misses had been looked at, it could measure no more, and
became calibration; the next group was then made without the doctor, and committed before any threshold was changed for it.
Group 4 was diagnosed three times: before and after probes were taken from the rows of steps, when no first finding and no alarm
of its 965 programs changed; and on 30 November 2026, after `learning_rate_too_low` and `overfitting` had become more careful for
reasons outside of it, when no count of what was noticed and named changed. The figures are those of the last time.

*Noticed* are sick programs that raise an alarm; *cured* are those whose gap to the twin is closed, but for a twentieth, within
{BUDGET} trainings, of those with a cure that is a setting. Random search changes the same settings, with as many trainings.
Intervals are Wilson's, of 95 %.

What the doctor says of the table default on real tables: {{{{doc}}}}`doctor-tables`."""


def to_markdown(half: str, doctors: Mapping[str, Figures], findings: Mapping[str, Mapping[str, Figures]]) -> str:
    """The page: a table of the doctors, and for each one of the findings."""
    lines = ["# The doctor's hit rate", "", _INTRODUCTION.format(half=half), "", *_table("doctor", list(_TITLES), doctors)]
    for doctor, figures in findings.items():
        lines += ["", f"## By finding: {doctor}", "", *_table("finding", list(_OF_A_FINDING), figures)]
    return "\n".join(lines) + "\n"


def to_json(doctors: Mapping[str, Figures], findings: Mapping[str, Mapping[str, Figures]]) -> dict[str, Any]:
    return {
        doctor: {"all": _to_dict(figures), "by_finding": {name: _to_dict(found) for name, found in findings[doctor].items()}}
        for doctor, figures in doctors.items()
    }


def _table(first: str, columns: list[str], rows: Mapping[str, Figures]) -> list[str]:
    head = ["| " + " | ".join([first, *(_TITLES[column] for column in columns)]) + " |", "|---|" + "---:|" * len(columns)]
    return [*head, *(_row(name, figures, columns) for name, figures in rows.items())]


def _row(name: str, figures: Figures, columns: list[str]) -> str:
    return f"| {name} | " + " | ".join(str(getattr(figures, column)) for column in columns) + " |"


def _to_dict(figures: Figures) -> dict[str, Any]:
    return {field.name: getattr(figures, field.name).to_dict() for field in fields(figures)}
