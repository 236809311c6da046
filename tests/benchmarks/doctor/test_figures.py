"""The figures of the doctor's benchmark, computed from lines that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.doctor.case import Case
from benchmarks.doctor.doctors import Opinion
from benchmarks.doctor.examine import examine
from benchmarks.doctor.figures import by_finding, figures, restored
from benchmarks.doctor.programs import Program, sick_programs
from benchmarks.doctor.random_search import RandomSearch
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.report import to_json, to_markdown
from benchmarks.doctor.results import append, read
from benchmarks.doctor.run import run
from benchmarks.doctor.wilson import Share

TWIN = Recipe(data="moons", network="shallow-24")
SICK = Program(
    name="few",
    recipe=TWIN.with_changes(epochs=1),
    seed=0,
    twin=TWIN,
    faults=("few",),
    findings=("stopped_too_early", "learning_rate_too_low"),
    cures=("epochs",),
    has_cure=True,
)
WELL = Program(name="well", recipe=TWIN, seed=0)
TREATED = {"sick": 0.5, "twin": 0.9, "spread": 0.02, "treated": 0.89, "random": 0.8}


class Pessimist:
    """Finds the same in every program."""

    name = "pessimist"

    def diagnose(self, case: Case) -> Opinion:
        return Opinion(("stalled", "stopped_too_early", "leak"), (("l2",), ("epochs", "l2")))


def _line(**changes: Any) -> dict[str, Any]:
    return {"findings": [], "cures": [], "alarms": False, **changes}


def test_a_finding_counts_among_the_first_two_only() -> None:
    right = _line(findings=["stalled", "stopped_too_early"], alarms=True)
    late = _line(findings=["stalled", "leak", "stopped_too_early"], alarms=True)
    assert figures([SICK], {"few": right}).named == Share(1, 1)
    assert figures([SICK], {"few": late}).named == Share(0, 1)
    assert figures([SICK], {"few": late}).noticed == Share(1, 1)


def test_an_alarm_over_a_healthy_program_is_false() -> None:
    found = figures([SICK, WELL], {"few": _line(), "well": _line(alarms=True)})
    assert found.false_alarms == Share(1, 1)
    assert found.noticed == Share(0, 1)


def test_a_treatment_restores_if_it_closes_the_gap() -> None:
    assert restored(TREATED, "treated")
    assert not restored(TREATED, "random")
    found = figures([SICK], {"few": _line(**TREATED)})
    assert (found.cured, found.cured_at_random, found.beats_random) == (Share(1, 1), Share(0, 1), Share(1, 1))
    assert found.not_below_random == Share(0, 0)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_intervals_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    assert Share(count, total).interval == pytest.approx((low, high), abs=1e-4)


def test_a_run_resumes_and_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "pessimist.jsonl"
    for _ in range(2):
        run(Pessimist(), [SICK, WELL], treats=True, label="a", part=(1, 1), path=path)
    assert len(path.read_text().splitlines()) == 2
    lines = read(path)
    found = {"pessimist": figures([SICK, WELL], lines)}
    assert found["pessimist"].cure_named == Share(1, 1)
    findings = {"pessimist": by_finding([SICK, WELL], lines)}
    page = to_markdown("calibration", found, findings)
    assert "| stopped_too_early | 100 % (21–100 %), 1 of 1 |" in page
    assert to_json(found, findings)["pessimist"]["all"]["false_alarms"]["count"] == 1


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append(path, {"name": "a", "kept": True})
    with path.open("a") as file:
        file.write('{"name": "b", "ke')
    assert list(read(path)) == ["a"]


def test_random_search_keeps_to_its_budget_and_does_no_harm() -> None:
    case = SICK.case()
    treated = RandomSearch().treat(case, 5)
    assert treated.trainings == 5
    assert case.outcome(treated.model)["accuracy"] >= 0.8


def test_a_treatment_is_measured_against_sick_and_twin() -> None:
    line = examine(SICK, RandomSearch(), treats=True)
    assert line["twin"] > line["sick"]
    assert line["treated"] == line["random"]


def test_programs_without_a_cure_are_not_treated() -> None:
    leak = next(program for program in sick_programs() if program.findings[0] == "leak")
    assert "treated" not in examine(leak, RandomSearch(), treats=True)
