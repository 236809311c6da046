"""Shows the verified programs to doctors: ``python -m benchmarks.doctor.run --doctor package.module:NAME``.

A line a program goes to ``build/doctor/NAME.jsonl``; what is done for this version of the doctor (``--label``) is skipped, and
two processes share the work with ``--part 1/2`` and ``--part 2/2``. The page and its JSON are written at the end, from the lines
that there are. Thresholds are chosen on the calibration half; the evaluation half is for the figures alone. Programs whose rows
come with a package that is not installed are left out, which is said.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from benchmarks.doctor.doctors import Doctor, load_doctor
from benchmarks.doctor.examine import examine
from benchmarks.doctor.figures import by_finding, figures
from benchmarks.doctor.programs import Program
from benchmarks.doctor.report import to_json, to_markdown
from benchmarks.doctor.results import append, fingerprint, read
from benchmarks.doctor.split import HALVES
from benchmarks.doctor.verify import verified

__all__ = ["present", "run", "subset"]

PLACE = Path("build/doctor")
_HEALTHY_OF_SUBSET = 80


def subset(programs: list[Program]) -> list[Program]:
    """For daily use: one sick program of each fault, and some healthy ones of different oddities, chosen by a hash."""
    ordered = sorted(programs, key=lambda program: hashlib.sha256(program.name.encode()).digest())
    first = {program.faults or program.oddity: program for program in reversed(ordered)}
    sick = [program for program in ordered if program.is_sick and first[program.faults] is program]
    healthy = [program for program in ordered if not program.is_sick]
    return [*sick, *healthy[:_HEALTHY_OF_SUBSET]]


def present(programs: list[Program]) -> list[Program]:
    """Those whose rows can be had here; one line says what is left out, and for want of which packages."""
    absent = {program.name: program.recipe.data_set for program in programs if not program.recipe.data_set.is_present}
    if absent:
        missing = ", ".join(sorted({str(data.needs) for data in absent.values()}))
        print(f"Left out: {len(absent)} programs whose rows come with {missing}: not installed.")
    return [program for program in programs if program.name not in absent]


def run(doctor: Doctor, programs: list[Program], *, treats: bool, label: str, part: tuple[int, int], path: Path) -> None:
    """Write the lines that are missing."""
    done = read(path)
    for program in programs[part[0] - 1 :: part[1]]:
        stamp = f"{fingerprint(program)} {label}{'' if treats else ' untreated'}"
        if done.get(program.name, {}).get("fingerprint") != stamp:
            append(path, {"name": program.name, "fingerprint": stamp, **examine(program, doctor, treats)})


def write_report(half: str, doctors: list[Doctor], programs: list[Program], lines: dict[str, dict[str, Any]], out: Path) -> str:
    """The page, which is also written to ``out.md``; the numbers are in ``out.json``."""
    totals = {doctor.name: figures(programs, lines[doctor.name]) for doctor in doctors}
    findings = {doctor.name: by_finding(programs, lines[doctor.name]) for doctor in doctors}
    page = to_markdown(half, totals, findings)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".md").write_text(page, encoding="utf-8")
    out.with_suffix(".json").write_text(json.dumps(to_json(totals, findings), indent=1) + "\n", encoding="utf-8")
    return page


def main() -> None:
    arguments = _arguments()
    programs = present([program for program in verified() if program.half == arguments.half])
    programs = subset(programs) if arguments.subset else programs
    doctors = [load_doctor(place) for place in arguments.doctor]
    paths = {doctor.name: PLACE / f"{doctor.name.replace(' ', '_')}.jsonl" for doctor in doctors}
    for doctor in doctors:
        settings: dict[str, Any] = {"treats": not arguments.untreated, "label": arguments.label, "part": arguments.part}
        run(doctor, programs, **settings, path=paths[doctor.name])
    lines = {name: read(path) for name, path in paths.items()}
    print(write_report(arguments.half, doctors, programs, lines, arguments.out))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor.run", description=str(__doc__).split("\n")[0])
    parser.add_argument("--doctor", nargs="+", required=True, metavar="MODULE:NAME")
    parser.add_argument("--half", choices=HALVES, default=HALVES[0])
    parser.add_argument("--subset", action="store_true", help="one program of each fault, and some healthy ones: some minutes")
    parser.add_argument("--untreated", action="store_true", help="diagnose only")
    parser.add_argument("--label", default="", help="names the state of the doctor: with another, all is done anew")
    parser.add_argument(
        "--part", type=lambda text: tuple(map(int, text.split("/"))), default=(1, 1), help="1/2: every second program"
    )
    parser.add_argument(
        "--out", type=Path, default=PLACE / "report", help="where the page and its numbers go, without the ending"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
