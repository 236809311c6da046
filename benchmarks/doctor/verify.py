"""Measures which programs are sick and which healthy: ``python -m benchmarks.doctor.verify``.

A line a program goes to ``verified.jsonl``; programs with a line for this version of the library are skipped, and those whose
rows come with a package that is not installed wait. Two processes share the work with ``--part 1/2`` and ``--part 2/2``. One
process alone leaves the lines in the programs' order at the end, and drops those of programs that have changed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.doctor.programs import Program, programs
from benchmarks.doctor.reference import rows_but_for_scale
from benchmarks.doctor.results import VERIFIED, append, fingerprint, read, write
from benchmarks.doctor.split import HALVES
from benchmarks.doctor.verdict import is_short, verdict_on

__all__ = ["dropped", "verified", "verify"]


def verify(half: str | None = None, part: tuple[int, int] = (1, 1), path: Path = VERIFIED) -> None:
    """Judge all programs of the half (both: None) that are not yet judged and whose rows can be had."""
    done = read(path)
    for program in programs()[part[0] - 1 :: part[1]]:
        is_mine = half in (None, program.half) and program.recipe.data_set.is_present
        if is_mine and done.get(program.name, {}).get("fingerprint") != fingerprint(program):
            append(path, _line(program))
    if part == (1, 1):
        write(path, list(_lines(path).values()))


def verified(path: Path = VERIFIED) -> list[Program]:
    """The programs that were found to be what they claim."""
    reasons = _reasons(path)
    return [program for program in programs() if reasons.get(program.name) == ""]


def dropped(path: Path = VERIFIED) -> dict[str, str]:
    """The names of the programs that were not, and why."""
    return {name: reason for name, reason in _reasons(path).items() if reason}


def _reasons(path: Path) -> dict[str, str]:
    """By the name of each judged program, why it does not count; "" if it does.

    What can be reached on rows is the reference's outcome or that of the best healthy program, whichever is better: a program
    that stays behind another by as much as would drop it beside the reference is not healthy.
    """
    lines = _lines(path)
    reasons = {name: line["reason"] for name, line in lines.items()}
    healthy = [program for program in programs() if not program.is_sick and reasons.get(program.name) == ""]
    best: dict[tuple[object, ...], list[float]] = {}
    for program in healthy:
        found = lines[program.name]["outcomes"]
        best[_task(program)] = max(best.get(_task(program), found), found, key=mean)
    behind = {program.name for program in healthy if is_short(program, lines[program.name]["outcomes"], best[_task(program)])}
    return reasons | dict.fromkeys(behind, "another healthy program does better")


def _task(program: Program) -> tuple[object, ...]:
    """What is the same for programs whose outcomes can be compared."""
    return program.recipe.data, rows_but_for_scale(program.recipe), program.metric


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    """The lines that belong to programs as they are now."""
    lines = read(path)
    return {
        program.name: lines[program.name]
        for program in programs()
        if lines.get(program.name, {}).get("fingerprint") == fingerprint(program)
    }


def _line(program: Program) -> dict[str, Any]:
    return {"name": program.name, "half": program.half, "fingerprint": fingerprint(program), **asdict(verdict_on(program))}


def summary(path: Path = VERIFIED) -> str:
    """Counts, as a Markdown table, and how often each reason dropped a program."""
    kept = Counter((program.half, program.is_sick) for program in verified(path))
    lines = ["| half | sick | healthy |", "|---|---:|---:|"]
    lines += [f"| {half} | {kept[half, True]} | {kept[half, False]} |" for half in HALVES]
    reasons = Counter(dropped(path).values())
    return "\n".join([*lines, "", *(f"dropped, {reason}: {count}" for reason, count in reasons.most_common())])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor.verify", description=str(__doc__).split("\n")[0])
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument(
        "--part", type=lambda text: tuple(map(int, text.split("/"))), default=(1, 1), help="1/2: every second program"
    )
    parser.add_argument("--path", type=Path, default=VERIFIED)
    arguments = parser.parse_args()
    verify(arguments.half, arguments.part, arguments.path)
    print(summary(arguments.path))


if __name__ == "__main__":
    main()
