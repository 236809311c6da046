"""The tables and the page that are made of the numbers."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.report import print_tables, to_markdown
from benchmarks.tables import alike, tables


def _result(ours, torch, losses, cores=1.0):
    return {
        "work": 100,
        "losses": dict(zip(("lamina", "torch"), losses, strict=True)),
        "first_s": {"lamina": 1.0, "torch": 1.0},
        "step_s": {"lamina": ours, "torch": torch},
        "cores": {"lamina": [1.0] * len(ours), "torch": [cores] * len(ours)},
        "limit_s": [9e-6] * len(ours),
        "floor_s": [5e-6] * len(ours),
        "peak_flops": 2.4e11,
    }


@pytest.fixture
def results():
    tiny = _result([10e-6, 20e-6, 10e-6], [200e-6, 900e-6, 250e-6], (0.2112, 0.2130))
    return {
        "machine": {"processor": "some processor", "cores": "2", "date": "2026-01-01"},
        "rounds": 3, "quick": False, "clock": "wall", "sides": ["lamina", "torch"], "versions": ["lamina 0", "torch 1"],
        "missing": {"JAX": "No module named 'jax'"},
        "workloads": {"tiny": tiny, "wide-2t": _result([1e-2], [2e-2], (0.3, 0.5), cores=2.5)},
        "by_default": {"tiny": tiny},
        "processes": {"import": {"lamina": [1.0, 1.2], "scikit-learn": [1.0, 1.0]}},
        "memory": {"lamina": 0.036},
    }  # fmt: skip


def _row(results, title, first):
    (table,) = [table for table in tables(results) if table.title == title]
    row = next(row for row in table.rows if row[0] == first)
    return dict(zip(table.columns, row, strict=True))


def test_a_row_of_speeds_has_medians_ratios_and_aims(results):
    row = _row(results, "Speed, one thread", "tiny")
    assert (row["µs"], row["torch"], row["limit"], row["floor"]) == ("10.0", "25.0× (50)", "0.90 (0.75)", "0.50")


def test_two_threads_have_a_table_of_their_own_that_marks_who_used_more(results):
    row = _row(results, "Speed, two threads", "wide-2t")
    assert row["torch"] == "2.00×*"
    assert "limit" not in row


def test_the_aims_are_beside_what_the_processor_can_do(results):
    row = _row(results, "Speed goals", "tiny")
    assert (row["reached (aim)"], row["asked for"], row["products at the peak"]) == ("25.0 (50)", "5.00", "4.06")
    assert row["verdict"] == "missed: 50% of it"


def test_an_aim_out_of_reach_is_named(results):
    results["workloads"]["tiny"] = _result([10e-6], [200e-6], (0.2, 0.2))
    (table,) = [table for table in tables(results) if table.title == "Speed goals"]
    assert "as they leave less than that: tiny against torch." in table.text


def test_losses_that_differ_are_said_to(results):
    assert _row(results, "Losses: nobody skips work", "tiny")["alike"] == "yes"
    assert _row(results, "Losses: nobody skips work", "wide-2t")["alike"] == "no"


@pytest.mark.parametrize("losses, same", [((1.0, 1.14), True), ((1.0, 1.2), False), ((0.001, 0.004), True), ((0.5,), True)])
def test_losses_are_alike_within_fifteen_per_cent_and_a_margin(losses, same):
    assert alike(losses) is same


def test_at_the_default_number_of_threads_nothing_is_aimed_at_of_peers(results):
    row = _row(results, "Speed as users run them", "tiny")
    assert (row["torch"], row["cores"]) == ("25.0×", "1.0")


def test_whole_processes_and_memory_have_rows(results):
    assert _row(results, "Whole processes", "import")["lamina over scikit-learn"] == "1.10 (1.05)"
    assert _row(results, "Memory", "lamina")["beyond X"] == "3.6 %"


def test_the_page_says_on_what_and_by_whom_it_was_measured(results):
    page = to_markdown(results, "scaling.svg")
    for words in ("make bench", "processor some processor", "torch 1", "Missing: JAX", "Rounds: 3", "](scaling.svg)"):
        assert words in page
    assert "Quick run" not in page


def test_the_page_begins_with_its_answer(results):
    results["workloads"]["online"] = _result([1e-6], [3e-6], (0.2, 0.2))
    first = to_markdown(results).split("##")[0]
    assert "**torch**: training 3.00× (online) to 25.0× (tiny); predicting was not measured." in first
    assert "Of 3 speed goals, Lamina meets 1 and misses 1." in first


def test_every_table_of_the_page_has_as_many_cells_as_columns(results):
    lines = [line for line in to_markdown(results).splitlines() if line.startswith("|")]
    heads = [i for i, line in enumerate(lines) if line.startswith("|---")]
    assert len(heads) == len(tables(results))
    for start, end in zip(heads, [*(head - 1 for head in heads[1:]), len(lines)], strict=True):
        assert len({line.count("|") for line in lines[start - 1 : end]}) == 1


def test_the_terminal_shows_the_same_tables(results):
    out = io.StringIO()
    print_tables(results, Console(file=out, width=180))
    assert all(table.title in out.getvalue() for table in tables(results))


def test_a_run_of_a_single_whole_process_has_no_table_of_speeds(results):
    results |= {"workloads": {}, "by_default": {}, "sides": []}
    assert [table.title for table in tables(results)] == ["Whole processes", "Memory"]


def test_the_aims_are_those_for_the_processor_that_was_measured(results):
    mixed = _result([1e-3], [2e-3], (0.3, 0.3))
    aims = []
    for tiles in (False, True):
        results["workloads"] = {"wide-mixed": mixed | {"tiles": tiles, "limit_s": [], "floor_s": []}}
        aims.append(_row(results, "Speed, one thread", "wide-mixed")["torch"])
    assert aims == ["2.00×", "2.00× (1.4)"]
