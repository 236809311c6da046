"""A finding: in words, and in HTML, where the color of its edge says how bad it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lamina.html.text import escaped

__all__ = ["Told", "finding"]

_LONGEST = 2000  # characters of a sentence
_KINDS = {"hint": " la-hint", "healthy": " la-healthy"}


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of the doctor, in words.

    Attributes
    ----------
    title : str
    severity : {"certain harm", "harm", "hint", "healthy"}
    grade : str
        How bad it is, and how sure.
    evidence : tuple of str
        The numbers, the deciding one first.
    meaning : str
    cures : tuple of str
    row : str
        The lecture's row, such as "L17"; "" without one.
    """

    title: str
    severity: str
    grade: str
    evidence: tuple[str, ...]
    meaning: str
    cures: tuple[str, ...] = ()
    row: str = ""


def finding(told: Told) -> str:
    """A finding: its numbers, what it means, and what may help; all of it is escaped.

    Examples
    --------
    >>> finding(Told("Dead units", "hint", "hint, confidence 0.80", ("share: 0.5",), "They are flat."))[:42]
    '<article class="la-finding la-hint"><h3>De'
    """
    of_lecture = f" · row {escaped(told.row)} of the lecture" if told.row else ""
    helps = f'<p class="la-cures">What may help</p><ul>{_entries(told.cures)}</ul>' if told.cures else ""
    return (
        f'<article class="la-finding{_KINDS.get(told.severity, "")}"><h3>{_text(told.title)}</h3>'
        f'<p class="la-grade">{_text(told.grade)}{of_lecture}</p><p>{_text(told.meaning)}</p>'
        f"<ul>{_entries(told.evidence)}</ul>{helps}</article>"
    )


def _entries(texts: Sequence[str]) -> str:
    return "".join(f"<li>{_text(text)}</li>" for text in texts)


def _text(text: str) -> str:
    return escaped(text, _LONGEST)
