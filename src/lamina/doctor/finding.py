"""A finding: what is wrong with a network or its training, by what numbers, and what helps."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import Any

from lamina.doctor.cures.cure import Cure, Spell, spelled
from lamina.html import Told
from lamina.validation import check_parameters, choice, number

__all__ = ["SEVERITIES", "Evidence", "Finding", "Where"]

#: How bad a finding is: it harms whatever the outcome, it harmed this outcome, or it is worth a look.
SEVERITIES = ("certain harm", "harm", "hint")
_WIDTH = 100  # of a line, in characters
_LARGE, _HUGE = 1000, 1e9  # between them a number is written out
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
    'share of dead units: 0.875 (above 0.5)'
    """

    what: str
    value: float
    threshold: float | None = None
    is_above: bool = True

    @property
    def has_passed(self) -> bool:
        """Whether there is a threshold, and the number lies on that side of it on which it counts."""
        if self.threshold is None:
            return False
        return self.value >= self.threshold if self.is_above else self.value <= self.threshold

    def __str__(self) -> str:
        value = _readable(self.value)
        if not self.has_passed:
            return f"{self.what}: {value}"
        bound = _readable(float(self.threshold))  # type: ignore[arg-type]
        side = ("above" if self.is_above else "below") if bound != value else ("at least" if self.is_above else "at most")
        return f"{self.what}: {value} ({side} {bound})"

    def to_dict(self) -> dict[str, Any]:
        """All attributes as JSON-able values; a number that is not finite is its name."""
        value = float(self.value) if math.isfinite(self.value) else str(float(self.value))
        threshold = None if self.threshold is None else float(self.threshold)
        return {"what": self.what, "value": value, "threshold": threshold, "is_above": self.is_above}


def _readable(number: float) -> str:
    """Three digits, or a large number as it is written by hand.

    >>> [_readable(number) for number in (0.00070412, 0.5, 127.26, 48842.0, 1e12, math.nan)]
    ['0.000704', '0.5', '127', '48,842', '1e+12', 'not measured']
    """
    if math.isnan(number):
        return "not measured"
    return f"{number:,.0f}" if _LARGE <= abs(number) < _HUGE else f"{number:.3g}"


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a finding; None where it has none.

    Attributes
    ----------
    layer : str or None
    step : int or None
        1 for the first.
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
    spell : callable
        How changes are written for the user of the model that was examined; by default in their own words.
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
    spell: Spell = field(default=spelled, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = {"severity": self.severity, "confidence": self.confidence}
        check_parameters(given, _RULES, owner="Finding")

    @property
    def title(self) -> str:
        """The name in words, and the place: "dead units (layer 'dense_1')"."""
        place = str(self.where)
        return self.name.replace("_", " ") + (f" ({place})" if place else "")

    @property
    def grade(self) -> str:
        """How bad it is, and how sure: "harm, confidence 0.80"."""
        sure = f"confidence {self.confidence:.2f}"
        return sure if self.name == "healthy" else f"{self.severity}, {sure}"

    @property
    def causes(self) -> str:
        """What it is a consequence of, in a sentence; "" if nothing is known."""
        names = ", ".join(name.replace("_", " ") for name in self.because_of)
        return f"A consequence of: {names}." if names else ""

    def __str__(self) -> str:
        return self.told()

    def told(self, spell: Spell | None = None) -> str:
        """The finding in lines of at most 100 characters, and its cures, a line each; changes as ``spell`` writes them."""
        lines = _wrapped(f"{self.title}: {self.grade}{f', {self.row}' if self.row else ''}", indent="")
        for text in (*map(str, self.evidence), self.meaning, self.causes):
            lines += _wrapped(text)
        lines += [f"  - {cure.told(spell or self.spell)}{f' ({cure.row})' if cure.row else ''}" for cure in self.cures]
        return "\n".join(lines)

    def in_words(self, spell: Spell | None = None) -> Told:
        """The finding as notebooks and the report show it; changes as ``spell`` writes them."""
        return Told(
            self.title[:1].upper() + self.title[1:],
            "healthy" if self.name == "healthy" else self.severity,
            self.grade,
            tuple(map(str, self.evidence)),
            f"{self.meaning} {self.causes}".strip(),
            tuple(cure.told(spell or self.spell) for cure in self.cures),
            self.row,
        )

    def to_dict(self, spell: Spell | None = None) -> dict[str, Any]:
        """All attributes as JSON-able values; of each cure also how it is ``written``, by ``spell``."""
        where = {"layer": self.where.layer, "step": self.where.step, "column": self.where.column}
        return {
            "name": self.name,
            "severity": self.severity,
            "confidence": self.confidence,
            "where": {name: place for name, place in where.items() if place is not None},
            "evidence": [each.to_dict() for each in self.evidence],
            "meaning": self.meaning,
            "row": self.row,
            "cures": [{**cure.to_dict(), "written": (spell or self.spell)(cure.changes)} for cure in self.cures],
            "because_of": list(self.because_of),
        }


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent="  ", break_long_words=False)
