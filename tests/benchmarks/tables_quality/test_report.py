"""The page on quality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.tables_quality.report import to_markdown


@pytest.fixture
def page(line: Callable[..., dict[str, Any]]) -> str:
    errors = {"Lamina": 0.3, "LightGBM": 0.2, "CatBoost": 0.25}
    lines = [line("flowers", seed, model, error) for seed in (0, 1) for model, error in errors.items()]
    lines += [line("houses", 0, model, 1 - error, task="regression") for model, error in errors.items()]
    lines += [line("flowers", 0, "TabM", 0.1, seconds=500.0) | {"load": 3.0}, line("flowers", 0, "Lamina, old", 0.4)]
    failure = {"set": "houses", "train_rows": 100, "seed": 0, "model": "XGBoost", "failure": "ValueError: no"}
    return to_markdown([*lines, failure], ["flowers", "houses", "cars"], "Lamina")


def test_the_page_begins_with_its_answer(page: str) -> None:
    first = page.split("##")[0]
    assert "| LightGBM | 2, 3 | 50 % (0–100 %) |" in first
    assert "| TabM | 1, 1 | 0 % (0–0 %) |" in first


def test_it_says_what_was_not_measured_what_failed_and_which_times_are_rough(page: str) -> None:
    assert "- Not measured: XGBoost, HistGradientBoosting, scikit-learn's MLP, RealMLP-TD, cars." in page
    assert "- Failed: XGBoost on houses, seed 0 (ValueError: no)." in page
    assert "in 1 of 11 fits." in page
    assert "- Measured: 11 fits on 2 tables, 2026-01-01, on some processor.\n" in page
    assert "| TabM | 1 | 0.1000 | 0.9000 | ~500.0 | ~0.100 |" in page


def test_the_winner_of_each_set_is_in_bold_and_the_furthest_behind_is_first(page: str) -> None:
    rows = [row for row in page.split("## Who wins where")[1].split("## Set by set")[0].splitlines() if row.startswith("| ")]
    assert rows[1:3] == [
        "| flowers | 100 | 0.3000 | – | 0.2500 | **0.2000** | 1.50 |",
        "| houses | 100 | **0.7000** | – | 0.7500 | 0.8000 | 0.93 |",
    ]


def test_each_set_is_described(page: str) -> None:
    rows = "2 classes; 100 training and 30 test rows, of which 12.5 % equal a training row"
    columns = (
        "3 columns of numbers, 2 of which have 3 to 32 values, 1 of categories of at most 4 values; 25.0 % of the cells missing."
    )
    assert f"{rows}; {columns}\n" in page


def test_every_table_has_as_many_cells_as_columns(page: str) -> None:
    lines = page.splitlines()
    for start in (i for i, text in enumerate(lines) if text.startswith("|---")):
        end = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
        assert len({text.count("|") for text in lines[start - 1 : end]}) == 1
