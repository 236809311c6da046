"""A finding: what is wrong with a network or its training, by what numbers, and what helps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lamina.doctor.cures.cure import Cure
from lamina.validation import check_parameters, choice, number

__all__ = ["SEVERITIES", "Evidence", "Finding", "Where"]

#: How bad a finding is: it harms whatever the outcome, it harmed this outcome, or it is worth a look.
SEVERITIES = ("certain harm", "harm", "hint")
_RULES = {"severity": choice(SEVERITIES), "confidence": number(0, 1)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measured number and the threshold that it passed.

    Attributes
    ----------
    what : str
        What was measured, with its unit.
    value : float
    threshold : float or None
        None where a number only illustrates.
    is_above : bool
        Whether the number counts because it is above the threshold, or below it.

    Examples
    --------
    >>> str(Evidence("share of dead units", 0.875, 0.5))
    'share of dead units 0.875 (above 0.5)'
    """

    what: str
    value: float
    threshold: float | None = None
    is_above: bool = True

    def __str__(self) -> str:
        side = "" if self.threshold is None else f" ({'above' if self.is_above else 'below'} {self.threshold:.3g})"
        return f"{self.what} {self.value:.3g}{side}"

    def to_dict(self) -> dict[str, Any]:
        """All attributes as JSON-able values; a number that is not finite is its name."""
        value = self.value if math.isfinite(self.value) else str(self.value)
        return {"what": self.what, "value": value, "threshold": self.threshold, "is_above": self.is_above}


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a finding; None where it has none.

    Attributes
    ----------
    layer : str or None
    step : int or None
    column : str or None
    """

    layer: str | None = None
    step: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        parts = [f"layer {self.layer!r}" if self.layer else "", f"step {self.step}" if self.step is not None else ""]
        return ", ".join(part for part in [*parts, f"column {self.column!r}" if self.column else ""] if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, by what numbers, and what helps.

    Attributes
    ----------
    name : str
        The finding's key, such as "dead_units"; :data:`lamina.doctor.FINDINGS` lists all.
    severity : {"certain harm", "harm", "hint"}
    confidence : float in [0, 1]
    evidence : tuple of Evidence
        The numbers, the deciding one first.
    meaning : str
        Two sentences for a student.
    row : str
        The lecture's row, such as "L17".
    cures : tuple of Cure
        The likeliest first.
    where : Where
    because_of : tuple of str
        The names of the findings that this one is a consequence of.
    """

    name: str
    severity: str
    confidence: float
    evidence: tuple[Evidence, ...]
    meaning: str
    row: str = ""
    cures: tuple[Cure, ...] = ()
    where: Where = Where()
    because_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = {"severity": self.severity, "confidence": self.confidence}
        check_parameters(given, _RULES, owner="Finding")

    @property
    def title(self) -> str:
        """The name in words, and the place: "dead units (layer 'dense_1')"."""
        place = str(self.where)
        return self.name.replace("_", " ") + (f" ({place})" if place else "")

    def __str__(self) -> str:
        lines = [f"{self.title}: {'; '.join(map(str, self.evidence))}.", self.meaning]
        if self.because_of:
            lines.append(f"A consequence of: {', '.join(name.replace('_', ' ') for name in self.because_of)}.")
        lines += [f"- {cure.text} ({cure.row})" if cure.row else f"- {cure.text}" for cure in self.cures]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All attributes as JSON-able values."""
        where = {"layer": self.where.layer, "step": self.where.step, "column": self.where.column}
        cures = [{"name": cure.name, "changes": dict(cure.changes), "why": cure.why, "row": cure.row} for cure in self.cures]
        return {
            "name": self.name,
            "severity": self.severity,
            "confidence": self.confidence,
            "where": {name: place for name, place in where.items() if place is not None},
            "evidence": [each.to_dict() for each in self.evidence],
            "meaning": self.meaning,
            "row": self.row,
            "cures": cures,
            "because_of": list(self.because_of),
        }
