"""A finding of the doctor as a block of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina.doctor import Finding
from lamina.report.content import Told

__all__ = ["told"]


def told(finding: Finding, spell: Callable[[Mapping[str, Any]], str]) -> Told:
    """The finding with its evidence and cures; ``spell`` writes what they change."""
    cures = tuple(cure.told(spell) for cure in finding.cures)
    meaning = f"{finding.meaning} {finding.causes}".strip()
    name, severity = finding.title, "healthy" if finding.name == "healthy" else finding.severity
    return Told(
        name[:1].upper() + name[1:], severity, finding.grade, tuple(map(str, finding.evidence)), meaning, cures, finding.row
    )
