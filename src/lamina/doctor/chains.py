"""Ranks findings: causes before what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lamina.doctor.finding import SEVERITIES, Finding

__all__ = ["ranked"]


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Causes before consequences, then by severity and confidence; causes that were not found are not named.

    >>> dead = Finding("dead_units", "harm", 0.9, (), "", because_of=("learning_rate_too_high", "unscaled_inputs"))
    >>> rate = Finding("learning_rate_too_high", "harm", 0.7, (), "")
    >>> [(each.name, each.because_of) for each in ranked([dead, rate])]
    [('learning_rate_too_high', ()), ('dead_units', ('learning_rate_too_high',))]
    """
    there = {finding.name for finding in findings}
    known = [replace(finding, because_of=tuple(name for name in finding.because_of if name in there)) for finding in findings]
    by_name = {finding.name: finding for finding in known}

    def depth(finding: Finding, seen: frozenset[str] = frozenset()) -> int:
        causes = [name for name in finding.because_of if name not in seen]
        return 1 + max((depth(by_name[name], seen | {finding.name}) for name in causes), default=-1)

    return tuple(sorted(known, key=lambda each: (depth(each), SEVERITIES.index(each.severity), -each.confidence)))
