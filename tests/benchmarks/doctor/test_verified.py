"""The verdicts on the programs that the repository holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.doctor import verify
from benchmarks.doctor.programs import Program, programs
from benchmarks.doctor.results import append, read
from benchmarks.doctor.split import HALVES
from benchmarks.doctor.verdict import MARGINS, SECONDS, is_short, verdict_on
from benchmarks.doctor.words import FINDINGS

REPAIR = "Run python -m benchmarks.doctor.verify."


@pytest.fixture(scope="module")
def kept() -> list[Program]:
    return verify.verified()


def test_there_are_enough_of_both_kinds(kept: list[Program]) -> None:
    assert sum(program.is_sick for program in kept) >= 400, REPAIR
    assert sum(not program.is_sick for program in kept) >= 800, REPAIR


def test_many_of_both_kinds_are_for_the_figures(kept: list[Program]) -> None:
    assert sum(not program.is_sick for program in kept if program.half == HALVES[1]) >= 400, REPAIR
    assert sum(program.is_sick for program in kept if program.half == HALVES[1]) >= 250, REPAIR


@pytest.mark.parametrize("half", HALVES)
def test_every_finding_is_right_for_some_of_them(kept: list[Program], half: str) -> None:
    right = {finding for program in kept if program.half == half and program.is_sick for finding in program.findings}
    assert right >= set(FINDINGS), REPAIR


def test_what_was_dropped_has_a_reason(kept: list[Program]) -> None:
    reasons = verify.dropped()
    assert all(reasons.values())
    assert not reasons.keys() & {program.name for program in kept}


def test_a_healthy_program_that_another_outdoes_on_the_same_rows_is_dropped(kept: list[Program]) -> None:
    outdone = [name for name, reason in verify.dropped().items() if reason.startswith("another")]
    assert outdone
    lines = read(verify.VERIFIED)
    first = next(program for program in programs() if program.name == outdone[0])
    others = [lines[each.name]["outcomes"] for each in kept if not each.is_sick and each.recipe.data == first.recipe.data]
    assert any(is_short(first, lines[first.name]["outcomes"], best) for best in others)
    assert not is_short(first, [0.9, 0.9, 0.9], [0.9, 0.92, 0.91])


def test_verdicts_are_had_once_and_kept_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [program for program in programs() if program.is_sick and program.recipe.data == "iris_petal"][:2]
    monkeypatch.setattr(verify, "programs", lambda: tuple(chosen))
    path = tmp_path / "verified.jsonl"
    append(path, {"name": chosen[-1].name, "fingerprint": "of another version", "kept": True})
    verify.verify(path=path)
    first = path.read_text()
    assert list(read(path)) == [program.name for program in chosen]
    verify.verify(path=path)
    assert path.read_text() == first


def test_a_verdict_can_be_had_anew(kept: list[Program]) -> None:
    sick = next(program for program in kept if program.faults == ("few_epochs",))
    verdict = verdict_on(sick)
    assert verdict.kept
    assert verdict.twin is not None
    assert min(verdict.twin) - max(verdict.outcomes) > MARGINS[sick.metric] / 2
    assert verdict.seconds <= SECONDS
