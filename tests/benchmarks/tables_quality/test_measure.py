"""One fit and its line, with the peers that every installation has."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.tables_quality import __main__ as program
from benchmarks.tables_quality.measure import measure
from benchmarks.tables_quality.models import PEERS, Model, lamina
from benchmarks.tables_quality.results import append, key_of, read
from benchmarks.tables_quality.scores import scores
from benchmarks.tables_quality.split import Split, split
from benchmarks.tables_quality.table import Rows, Table

QUICK = [lamina({"max_epochs": 3}, "3 epochs"), *(model for model in PEERS if model.module == "sklearn")]


def made(task: str) -> Table:
    """Numbers, some of them missing, and categories, some of them rare."""
    random = np.random.default_rng(0)
    number = random.normal(size=200)
    X = pd.DataFrame(
        {"number": np.where(random.random(200) < 0.1, np.nan, number), "kind": pd.Categorical(random.choice([*"abc", None], 200))}
    )
    y = number if task == "regression" else np.searchsorted([0] if task == "binary" else [-0.5, 0.5], number)
    return Table("made", X, y, task)


def test_scores_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, probabilities = random.integers(2, size=50), random.dirichlet([1, 1], 50)
    expected = {
        "error": np.mean(probabilities.argmax(axis=1) != truth),
        "log_loss": log_loss(truth, probabilities),
        "auc": roc_auc_score(truth, probabilities[:, 1]),
    }
    assert scores(truth, probabilities, "binary") == pytest.approx(expected)


def test_a_wrong_certainty_has_a_finite_log_loss() -> None:
    assert scores(np.array([0, 1]), np.eye(3)[[0, 2]], "multiclass")["log_loss"] == pytest.approx(-np.log(1e-7) / 2)


def test_the_error_of_numbers_is_relative_to_the_mean() -> None:
    truth = np.array([1.0, 2.0, 6.0])
    assert scores(truth, np.full(3, 3.0), "regression")["relative_rmse"] == pytest.approx(1.0)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("model", QUICK, ids=lambda model: model.name)
def test_a_model_takes_what_a_table_has_and_its_line_says_what_came_of_it(model: Model, task: str) -> None:
    line = measure(model, split(made(task), 0, None), 0)
    assert line.get("failure") is None
    assert ("auc" in line["scores"], "rmse" in line["scores"]) == (task == "binary", task == "regression")
    assert line["fit_cpu_s"] > 0


def test_a_failure_is_a_result_too() -> None:
    def fit(rows: Rows, seed: int) -> None:
        raise MemoryError("too many rows")

    assert measure(Model("a failing one", fit, "sklearn"), split(made("binary"), 0, None), 0) == {
        "failure": "MemoryError: too many rows"
    }


def test_predictions_that_are_not_finite_are_a_failure() -> None:
    model = Model("a diverging one", lambda rows, seed: lambda X: np.full(len(X), np.nan), "sklearn")
    rows = made("regression")
    found = measure(model, Split(Rows(rows.X, rows.y, "regression"), rows.X, rows.y), 0)
    assert found == {"failure": "ValueError: some predictions are not finite"}


def test_the_latest_line_of_a_fit_counts_and_an_unfinished_one_is_passed_over(tmp_path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    lines = [{"set": "a", "train_rows": 9, "seed": 0, "model": "x", "load": load} for load in (1, 2)]
    for line in lines:
        append(path, line)
    path.write_text(path.read_text() + '{"set": "b", ')
    assert read(path) == {key_of(lines[1]): lines[1]}


def test_a_run_goes_on_where_it_ended_and_writes_the_page(tmp_path, monkeypatch, capsys) -> None:
    page, results = tmp_path / "quality.md", tmp_path / "results.jsonl"
    options = ["--sets", "wine", "--data", str(tmp_path), "--page", str(page), "--results", str(results), "--seeds", "1"]
    models = ["--models", "Lamina", "HistGradientBoosting", "--settings", '{"max_epochs": 2}', "--label", "2 epochs"]
    monkeypatch.setattr(sys, "argv", ["tables_quality", *options, *models])
    program.main()
    first = results.read_text()
    assert len(first.splitlines()) == 2
    assert "wine 0 Lamina, 2 epochs: error" in capsys.readouterr().err
    program.main()
    assert results.read_text() == first
    assert page.read_text().startswith("# Quality on tables\n\nLamina, 2 epochs, against each other model:")
    assert json.loads(page.with_suffix(".json").read_text())["ours"] == "Lamina, 2 epochs"
