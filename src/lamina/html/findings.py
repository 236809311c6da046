"""A finding in HTML: how bad it is by the color of its edge, its numbers, what it means, and what may help."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.html.text import escaped

__all__ = ["finding"]

_LONGEST = 2000  # characters of a sentence
_KINDS = {"hint": " la-hint", "healthy": " la-healthy"}


def finding(
    title: str, severity: str, grade: str, evidence: Sequence[str], meaning: str, cures: Sequence[str] = (), row: str = ""
) -> str:
    """A finding of the doctor; all that is given is escaped.

    Parameters
    ----------
    title : str
    severity : {"certain harm", "harm", "hint", "healthy"}
    grade : str
        How bad it is, and how sure.
    evidence : sequence of str
        The numbers, the deciding one first.
    meaning : str
    cures : sequence of str
    row : str
        The lecture's row, such as "L17"; "" without one.

    Examples
    --------
    >>> finding("dead units", "hint", "hint, confidence 0.80", ["share: 0.5"], "They are flat.")[:42]
    '<article class="la-finding la-hint"><h3>De'
    """
    of_lecture = f" · row {escaped(row)} of the lecture" if row else ""
    helps = f'<p class="la-cures">What may help</p><ul>{_entries(cures)}</ul>' if cures else ""
    return (
        f'<article class="la-finding{_KINDS.get(severity, "")}"><h3>{_text(title[:1].upper() + title[1:])}</h3>'
        f'<p class="la-grade">{_text(grade)}{of_lecture}</p><p>{_text(meaning)}</p><ul>{_entries(evidence)}</ul>{helps}</article>'
    )


def _entries(texts: Sequence[str]) -> str:
    return "".join(f"<li>{_text(text)}</li>" for text in texts)


def _text(text: str) -> str:
    return escaped(text, _LONGEST)
