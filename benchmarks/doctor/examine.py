"""One program before a doctor: what it says, and what its treatment restores."""

from __future__ import annotations

import time
from typing import Any, cast

from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.doctors import Doctor, Healer, Treated
from benchmarks.doctor.programs.enumeration import SEEDS
from benchmarks.doctor.programs.program import Program
from benchmarks.doctor.random_search import RANDOM_SEARCH
from benchmarks.doctor.runs import outcomes, run

__all__ = ["BUDGET", "examine"]

#: Trainings that a treatment may take.
BUDGET = 20


def examine(program: Program, doctor: Doctor, treats: bool) -> dict[str, Any]:
    """A line of the results: the opinion of the program and, where it has a cure, what treatment and random search restore."""
    start = time.perf_counter()
    with quietly():
        opinion = doctor.diagnose(program.case())
    line: dict[str, Any] = {
        "findings": list(opinion.findings),
        "cures": [list(cure) for cure in opinion.cures],
        "alarms": opinion.alarms,
        "diagnosis_s": round(time.perf_counter() - start, 3),
    }
    if program.has_cure and treats and hasattr(doctor, "treat"):
        line |= _treatments(program, cast(Healer, doctor))
    return line


def _treatments(program: Program, doctor: Healer) -> dict[str, Any]:
    """Scores of the program, its twin, and both treatments, on the test rows; the twin's spread over the seeds."""
    assert program.twin is not None
    twin = outcomes(program.twin, program.metric)
    start = time.perf_counter()
    treated = _treated(program, doctor)
    line = {
        "sick": run(program.recipe, program.seed)[program.metric],
        "twin": twin[SEEDS.index(program.seed)],
        "spread": max(twin) - min(twin),
        "treated": treated[0],
        "changed": list(treated[1].changed),
        "trainings": treated[1].trainings,
        "treatment_s": round(time.perf_counter() - start, 3),
        "random": _treated(program, RANDOM_SEARCH)[0],
    }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in line.items()}


def _treated(program: Program, doctor: Healer) -> tuple[float, Treated]:
    case: Case = program.case()
    with quietly():
        treated = doctor.treat(case, BUDGET)
    return case.outcome(treated.model)[program.metric], treated
