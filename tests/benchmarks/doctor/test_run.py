"""Which programs a run of the doctor's benchmark takes."""

from __future__ import annotations

import pytest

from benchmarks.doctor import data_sets
from benchmarks.doctor.programs import programs
from benchmarks.doctor.programs.enumeration import FAULTS
from benchmarks.doctor.run import present, subset


def test_programs_whose_rows_cannot_be_had_are_left_out_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_sets, "find_spec", lambda package: None)
    left = present(list(programs()))
    assert left == [program for program in programs() if program.recipe.data_set.needs is None]
    count = len(programs()) - len(left)
    assert (
        capsys.readouterr().out
        == f"Left out: {count} programs whose rows come with PIL, matplotlib, statsmodels: not installed.\n"
    )


def test_nothing_is_said_where_all_rows_can_be_had(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(data_sets, "find_spec", lambda package: object())
    assert present(list(programs())) == list(programs())
    assert not capsys.readouterr().out


def test_a_subset_has_one_program_of_each_fault_and_some_healthy_ones() -> None:
    chosen = subset([program for program in programs() if program.half == "evaluation"])
    sick = [program for program in chosen if program.is_sick]
    assert sorted(program.faults[0] for program in sick) == sorted(fault.name for fault in FAULTS)
    assert len({program.oddity for program in chosen if not program.is_sick}) > 30
