"""What the lines of a run come to: shares with their intervals, in all and by finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.doctor.programs.program import Program
from benchmarks.doctor.wilson import Share
from benchmarks.doctor.words import FINDINGS

__all__ = ["RESTORED", "Figures", "by_finding", "figures", "restored"]

#: The part of the gap between a sick program and its twin that a treatment must close.
RESTORED = 0.95
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of the programs.

    Attributes
    ----------
    noticed : Share
        Sick programs that alarm the doctor.
    named : Share
        Those for which one of the first two findings is right.
    cure_named : Share
        Those with a cure for which one of the first two cures changes a right setting.
    false_alarms : Share
        Healthy programs that alarm it.
    cured, cured_at_random : Share
        Treated programs whose gap to the twin was closed, by the doctor and by random search.
    beats_random : Share
        Where random search does not close it: the doctor ends above it by more than the twin's spread.
    not_below_random : Share
        Where random search closes it: the doctor does, too.
    """

    noticed: Share
    named: Share
    cure_named: Share
    false_alarms: Share
    cured: Share
    cured_at_random: Share
    beats_random: Share
    not_below_random: Share


def figures(programs: Iterable[Program], lines: Mapping[str, Line]) -> Figures:
    """Of the programs that have a line."""
    examined = [(program, lines[program.name]) for program in programs if program.name in lines]
    sick = [(program, line) for program, line in examined if program.is_sick]
    treated = [line for _, line in sick if "treated" in line]
    lost, won = ([line for line in treated if restored(line, "random") is found] for found in (False, True))
    return Figures(
        noticed=_share(line["alarms"] for _, line in sick),
        named=_share(not {*line["findings"][:2]}.isdisjoint(program.findings) for program, line in sick),
        cure_named=_share(_names_cure(program, line) for program, line in sick if program.has_cure),
        false_alarms=_share(line["alarms"] for program, line in examined if not program.is_sick),
        cured=_share(restored(line, "treated") for line in treated),
        cured_at_random=_share(restored(line, "random") for line in treated),
        beats_random=_share(line["treated"] - line["random"] > line["spread"] for line in lost),
        not_below_random=_share(restored(line, "treated") for line in won),
    )


def by_finding(programs: Iterable[Program], lines: Mapping[str, Line]) -> dict[str, Figures]:
    """The figures of the sick programs with each cause."""
    sick = [program for program in programs if program.is_sick]
    groups = {finding: [program for program in sick if program.findings[0] == finding] for finding in FINDINGS}
    return {finding: figures(group, lines) for finding, group in groups.items() if group}


def restored(line: Line, treatment: str) -> bool:
    """Whether the treatment closed the gap between the sick program and its twin, but for a twentieth."""
    return bool(line[treatment] - line["sick"] >= RESTORED * (line["twin"] - line["sick"]))


def _names_cure(program: Program, line: Line) -> bool:
    named = {setting for cure in line["cures"][:2] for setting in cure}
    return not named.isdisjoint(program.cures)


def _share(holds: Iterable[bool]) -> Share:
    found = list(holds)
    return Share(sum(found), len(found))
