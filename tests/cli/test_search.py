"""``lamina search``: a model, a table of trials, and a record to go on from."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.cli.main import main
from lamina.data import write_table
from lamina.model import load_model

SMALL = ["--max-epochs", "6", "--members", "1", "--bins", "0"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x, letters = rng.uniform(0, 10, 300), np.array(["a", "b"])[rng.integers(2, size=300)]
    path = tmp_path / "table.csv"
    write_table(path, pa.table({"x": x, "letter": letters, "y": np.where(x + 3 * (letters == "b") > 6, "high", "low")}))
    return path


def search(table: Path, *options: object) -> int:
    return main(["search", *map(str, (table, "--target", "y", "-o", table.with_name("best.lamina"), *SMALL, *options))])


def test_it_writes_the_best_model_a_table_of_trials_and_a_record(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trials_table = table.with_name("trials.csv")
    assert search(table, "--trials", 6, "--trials-table", trials_table, "--json") == 0
    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    with trials_table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == [row["trial"] for row in report["trials"]] == list(range(1, 7))
    assert report["validation_score"] <= report["validation_score_as_given"]
    assert rows[0]["trained"] == "whole"
    model = load_model(report["model"])
    assert model.evaluate(pa.csv.read_csv(table)).keys() == report["test"].keys()
    assert len(json.loads(table.with_name("best.lamina.trials.json").read_text())["trainings"]) >= 6


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--optimizer", "adam", "--preset", "fast", "--validation", "0.3", "--test", "0.25", "--seed", "3"],
        ["--missing", "n/a", "a b", "--learning-rate", "0.00123456789", "--embed-from", "none", "--task", "classification"],
        ["--optimizer", "lbfgs", "--vary", "hidden", "--max-time", "600"],
    ],
)
def test_the_options_that_it_prints_train_the_same_model_without_any_others(
    table: Path, given: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert search(table, "--trials", 8, *given, "--json") == 0
    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert report["best"] > 1 or given
    again = table.with_name("again.lamina")
    assert main(["train", str(table), "--target", "y", "-o", str(again), *shlex.split(report["options"]), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["test"] == report["test"]
    np.testing.assert_array_equal(load_model(again).estimator.coefs_[0], load_model(report["model"]).estimator.coefs_[0])


def test_it_tells_each_training_and_what_each_kind_of_rows_was_for(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(table, "--trials", 3) == 0
    printed = capfd.readouterr()
    assert printed.err.startswith("trial 1, whole: ")
    assert "Trials competed on" in printed.out
    assert "test rows that no trial saw" in printed.out
    assert "as given" in printed.out


def test_one_epoch_is_told_in_the_singular(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(table), "-t", "y", "-o", str(table.with_name("best.lamina")), "--trials=1", "--max-epochs=1"]) == 0
    assert "on the validation rows after 1 epoch\n" in capfd.readouterr().err


def test_quiet_prints_nothing(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(table, "--trials", 2, "--quiet") == 0
    assert capfd.readouterr() == ("", "")


def test_only_what_is_named_varies(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(table, "--trials", 5, "--vary", "learning-rate", "dropout", "--json") == 0
    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    known = {"trial", "validation_loss", "trained", "epochs", "duration_s", "problem"}
    assert {name for row in report["trials"] for name in row} - known <= {"learning_rate", "dropout"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vary", "dropuot"], "Did you mean 'dropout'"),
        (["--trials", "0"], "--trials must be an integer in"),
        (["--jobs", "0"], "--jobs must be an integer >= 1, or an integer <= -1"),
        (["--validation", "0"], "must hold out rows to judge trials by"),
        (["--learning-rate", "-1"], "--learning-rate must be a number > 0"),
    ],
)
def test_wrong_options_are_named(table: Path, options: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(table, *options) == 2
    assert message in capfd.readouterr().err.replace("\n", " ")
    assert not table.with_name("best.lamina").exists()


def test_the_record_of_another_search_is_refused(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(table, "--trials", 2, "--quiet") == 0
    assert search(table, "--trials", 2, "--quiet", "--seed", 1) == 2
    assert "--record must be the file of this search" in capfd.readouterr().err.replace("\n", " ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_saves_the_best_so_far_and_the_same_command_goes_on(
    table: Path, jobs: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model, record = table.with_name("best.lamina"), table.with_name("best.lamina.trials.json")
    command = ["-m", "lamina", "search", str(table), "--target", "y", "-o", str(model), *SMALL, "--trials", "3000", "-j", jobs]
    process = subprocess.Popen(
        [sys.executable, *command], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (record.exists() and len(json.loads(record.read_text())["trainings"]) > 2):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Ctrl-C ended the search." in out
    assert load_model(model).target.name == "y"
    done = len(json.loads(record.read_text())["trainings"])
    assert search(table, "--trials", 3, "--json") == 0
    assert len(json.loads(record.read_text())["trainings"]) >= done
