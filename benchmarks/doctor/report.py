"""The figures as a page of Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from benchmarks.doctor.figures import Figures

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


def to_markdown(doctors: Mapping[str, Figures], findings: Mapping[str, Mapping[str, Figures]]) -> str:
    """A table of the doctors, and for each one of the findings. Intervals are Wilson's, of 95 %."""
    lines = _table("doctor", list(_TITLES), doctors)
    for doctor, figures in findings.items():
        lines += ["", f"### {doctor}, by finding", "", *_table("finding", list(_OF_A_FINDING), figures)]
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
