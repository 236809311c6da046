"""Ranks, normalized scores, wins and ratios, on results made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.tables_quality.figures import cells_of, duel, largest, standings
from benchmarks.tables_quality.views import VIEWS, complete

Line = Callable[..., dict[str, Any]]


def test_a_failed_fit_is_in_no_cell(line: Line) -> None:
    failed = {"set": "a", "train_rows": 100, "seed": 0, "model": "TabM", "failure": "ValueError: no"}
    assert cells_of([failed, line("a", 0, "Lamina", 0.1)]) == {("a", 100, 0): {"Lamina": line("a", 0, "Lamina", 0.1)}}


def test_of_each_set_the_cells_with_most_rows_below_a_bound_count(line: Line) -> None:
    cells = cells_of(line(name, 0, "Lamina", 0.1, rows=rows) for name, rows in (("a", 50), ("a", 100), ("a", 900), ("b", 900)))
    assert list(largest(cells, 500)) == [("a", 100, 0)]


def test_ranks_scores_and_firsts_count_each_set_once(line: Line) -> None:
    lines = [line("a", seed, *pair) for seed in (0, 1, 2) for pair in (("x", 0.1), ("y", 0.2), ("z", 0.3))]
    lines += [line("b", 0, *pair) for pair in (("x", 0.4), ("y", 0.2), ("z", 0.2))]
    found = standings(cells_of(lines), ["x", "y", "z"], "error")
    assert [place.mean_rank for place in found.values()] == pytest.approx([2.0, 1.75, 2.25])
    assert [place.score for place in found.values()] == pytest.approx([0.5, 0.75, 0.5])
    assert [place.first for place in found.values()] == pytest.approx([0.5, 0.25, 0.25])


def test_models_that_are_all_alike_share_the_first_place(line: Line) -> None:
    found = standings(cells_of([line("a", 0, "x", 0.0), line("a", 0, "y", 0.0)]), ["x", "y"], "error")
    assert [(place.mean_rank, place.score, place.first) for place in found.values()] == [(1.5, 1.0, 0.5)] * 2


def test_a_tie_is_half_a_win_and_sets_are_averaged(line: Line) -> None:
    pairs = {("a", 0): (0.1, 0.2), ("a", 1): (0.3, 0.2), ("b", 0): (0.2, 0.2), ("c", 0): (0.0, 0.1)}
    lines = [line(*key, model, error) for key, errors in pairs.items() for model, error in zip("xy", errors, strict=True)]
    found = duel(cells_of(lines), "x", "y", "error")
    assert found is not None
    assert (found.sets, found.cells, found.wins) == (3, 4, pytest.approx(2 / 3))
    low, high = found.wins_within
    assert 0.5 <= low < found.wins < high <= 1


def test_errors_and_times_are_compared_as_geometric_means(line: Line) -> None:
    lines = [line("a", 0, "x", 0.03, seconds=4.0), line("a", 0, "y", 0.01, seconds=1.0)]
    lines += [line("b", 0, "x", 0.01, seconds=1.0), line("b", 0, "y", 0.03, seconds=1.0)]
    found = duel(cells_of(lines), "x", "y", "error")
    assert found is not None
    assert (found.error, found.time, found.most_time) == pytest.approx((1.0, 2.0, 4.0))


def test_the_measure_decides_between_classifiers_and_not_between_regressors(line: Line) -> None:
    lines = [line("a", 0, "x", 0.1), line("a", 0, "y", 0.2), line("b", 0, "x", 0.1, task="regression")]
    cells = cells_of([*lines, line("b", 0, "y", 0.2, task="regression")])
    assert [(duel(cells, "x", "y", measure) or 0).wins for measure in ("error", "log_loss")] == [1.0, 0.5]


def test_models_that_never_met_have_no_duel(line: Line) -> None:
    assert duel(cells_of([line("a", 0, "x", 0.1), line("a", 1, "y", 0.1)]), "x", "y", "error") is None


def test_other_states_of_lamina_are_compared_where_they_miss_nothing(line: Line) -> None:
    lines = [line(name, 0, model, 0.1) for name in "ab" for model in ("Lamina", "Lamina, old", "LightGBM")]
    cells = cells_of([*lines, line("a", 0, "Lamina, tried", 0.1), line("c", 0, "Lamina, old", 0.1)])
    models, chosen = complete(cells, "Lamina")
    assert models == ["Lamina", "Lamina, old", "LightGBM"]
    assert list(chosen) == [("a", 100, 0), ("b", 100, 0)]


def test_a_slow_peer_is_met_in_the_cells_that_it_has(line: Line) -> None:
    usual = [line("a", 0, model, 0.2, rows=9000) for model in ("Lamina", "LightGBM")]
    fewer = [line("a", 0, model, 0.3, rows=5000) for model in ("Lamina", "LightGBM", "TabM")]
    cells = cells_of([*usual, *fewer])
    duels = VIEWS[0].duels(cells, "Lamina")
    assert (duels["LightGBM"].cells, duels["TabM"].cells) == (1, 1)
    assert complete(cells, "Lamina") == (["Lamina", "LightGBM"], cells_of(usual))
    assert complete(cells, "Lamina", "TabM") == (["Lamina", "LightGBM", "TabM"], cells_of(fewer))
