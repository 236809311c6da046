"""``lamina doctor``: what ails a training on a table, and the options that help."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.cli.main import main
from lamina.data import write_table

SICK = ("--learning-rate", "1e-7", "--max-epochs", "10")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two classes that a circle parts."""
    x = np.random.default_rng(0).normal(size=(240, 2))
    inside = np.where((x**2).sum(axis=1) < 1.4, "inside", "outside")
    path = tmp_path / "circle.csv"
    write_table(path, pa.table({"x": x[:, 0], "y": x[:, 1], "place": inside}))
    return path


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON object that a command prints."""
    assert main([*map(str, arguments), "--json"]) == 0
    printed: dict[str, Any] = json.loads(capfd.readouterr().out)
    return printed


def test_the_first_line_is_the_score_and_cures_are_options(table: Path, capfd: pytest.CaptureFixture[str]):
    assert main(["doctor", str(table), "-t", "place", *SICK]) == 0
    first, *others = capfd.readouterr().out.splitlines()
    assert first.startswith("'place': Held-out accuracy 0.")
    assert "learning rate too low" in others[1]
    assert any("--learning-rate " in line for line in others)


def test_the_options_of_every_cure_can_be_pasted(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    found = run(capfd, "doctor", table, "-t", "place", *SICK)["diagnosis"]["findings"]
    cures = {cure["written"] for finding in found for cure in finding["cures"]}
    assert cures
    for options in cures:
        shortened = [] if "--max-epochs" in options else ["--max-epochs", "1"]
        command = ["train", str(table), "-t", "place", "-o", str(tmp_path / "m.lamina"), "-q", *shortened]
        assert main([*command, *shlex.split(options)]) == 0, options


def test_a_treatment_tells_scores_and_options(table: Path, capfd: pytest.CaptureFixture[str]):
    report = run(capfd, "doctor", table, "-t", "place", *SICK, "--treat", "--budget", 10)
    treatment = report["treatment"]
    assert treatment["improved"]
    assert np.mean(treatment["after"]) > np.mean(treatment["before"]) + 0.1
    assert len(treatment["control"]) == len(treatment["after"])


def test_a_healthy_training_is_not_treated(table: Path, capfd: pytest.CaptureFixture[str]):
    report = run(capfd, "doctor", table, "-t", "place", "--treat", "--hidden", 16, "--learning-rate", 0.01)
    assert report["diagnosis"]["healthy"]
    assert report["treatment"] is None


def test_a_model_file_that_tells_what_went_wrong_is_not_trained_anew(
    table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    model = tmp_path / "m.lamina"
    assert main(["train", str(table), "-t", "place", "-o", str(model), "-q", *SICK]) == 0
    capfd.readouterr()
    report = run(capfd, "doctor", model, table)
    assert [finding["name"] for finding in report["diagnosis"]["findings"]] == ["learning_rate_too_low"]
    assert report["diagnosis"]["summary"].startswith("'place': the model has accuracy 0.")
    assert run(capfd, "doctor", model, table, "--learning-rate", 0.01)["diagnosis"]["scores"]["held_out"] > 0.5


@pytest.mark.parametrize("options", [(*SICK, "--no-monitor"), ("--max-epochs", "2")])
def test_of_other_model_files_a_copy_is_trained_with_their_settings(
    table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...]
):
    model = tmp_path / "m.lamina"
    assert main(["train", str(table), "-t", "place", "-o", str(model), "-q", *options]) == 0
    capfd.readouterr()
    report = run(capfd, "doctor", model, table)
    names = [finding["name"] for finding in report["diagnosis"]["findings"]]
    assert names == [each["name"] for each in run(capfd, "doctor", table, "-t", "place", *options)["diagnosis"]["findings"]]
    assert any("A copy of it is trained" in text for text in report["notes"])


def test_rows_without_a_target_are_left_out_with_a_note(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    x = np.random.default_rng(0).normal(size=90)
    path = tmp_path / "line.csv"
    write_table(path, pa.table({"x": x, "y": [None if i % 3 == 0 else 2 * x[i] for i in range(90)]}))
    assert main(["doctor", str(path), "-t", "y"]) == 0
    assert "dropped 30 of 90 rows" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["TABLE"], 2, "Of a model file give both: lamina doctor MODEL TABLE."),
        (["nowhere.csv", "-t", "place"], 1, "table must be an existing file"),
        (["TABLE", "-t", "plaice"], 1, "target must be a column of the table, got 'plaice'"),
        (["TABLE", "-t", "place", "--max-rows", "19"], 2, "--max-rows must be an integer >= 20"),
        (["TABLE", "-t", "place", "--learning-rate", "0"], 2, "--learning-rate must be a number > 0"),
        (["TABLE", "-t", "place", "--treat", "--budget", "2", *SICK], 2, "--budget must be an integer >= 10"),
        (["TABLE", "-t", "place", "--treat", "--budget", "9", "--hidden", "16"], 2, "--budget must be an integer >= 10"),
        (["TABLE", "TABLE"], 1, "is not a file written by Lamina"),
        (["TABLE", "-t"], 2, "See `lamina doctor --help`"),
    ],
)
def test_wrong_usage_ends_in_one_line(
    table: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
):
    assert main(["doctor", *(str(table) if word == "TABLE" else word for word in arguments)]) == code
    assert message in capfd.readouterr().err.splitlines()[-1]


def test_twenty_rows_are_the_fewest(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    path = tmp_path / "short.csv"
    write_table(path, pa.table({"x": list(range(19)), "y": [0.5 * i for i in range(19)]}))
    assert main(["doctor", str(path), "-t", "y"]) == 1
    assert "the table must have at least 20 rows" in capfd.readouterr().err


def trained(capfd: pytest.CaptureFixture[str], table: Path, *options: str) -> str:
    """What a training prints."""
    capfd.readouterr()
    assert main(["train", str(table), "-t", "place", "-o", str(table.parent / "m.lamina"), *options]) == 0
    return capfd.readouterr().out


def test_a_training_that_learned_nothing_ends_with_a_line_that_says_why(table: Path, capfd: pytest.CaptureFixture[str]):
    lines = [line for line in trained(capfd, table, *SICK).splitlines() if line.startswith("Doctor: ")]
    assert len(lines) == 1
    assert "learning rate too low" in lines[0]
    assert "May help: --learning-rate 0.0" in lines[0]


@pytest.mark.parametrize("options", [(), ("--restarts", "2")])
def test_where_the_doctor_has_a_cause_nothing_is_guessed_of_the_columns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...]
):
    x = np.random.default_rng(0).normal(size=(240, 4))
    table, guess = tmp_path / "sums.csv", "there may be nothing to learn in these columns"
    write_table(table, pa.table({**{name: x[:, i] for i, name in enumerate("abcd")}, "place": x.sum(axis=1)}))
    assert guess in trained(capfd, table, *SICK, *options, "--doctor", "off")
    printed = trained(capfd, table, *SICK, *options)
    assert guess not in printed
    assert printed.count("Doctor: learning rate too low") == 1


def test_of_restarts_the_one_that_was_kept_is_watched(table: Path):
    from lamina.cli.advice import watcher
    from lamina.data import read_table
    from lamina.estimators.fitted import fit_of
    from lamina.model import RunSettings, StoppingSettings, TableSettings, fit_table

    run = RunSettings(restarts=4)
    watched = watcher("advise", run)
    assert watched is not None
    settings = TableSettings(run=run, stopping=StoppingSettings(max_epochs=4))
    kept = fit_of(fit_table(read_table(table), "place", settings=settings, callbacks=[watched]).model.estimator)
    assert watched.trainer is kept.trainer
    assert kept.monitor is not None
    assert str(watched.record.to_dict()) == str(kept.monitor.to_dict())


@pytest.mark.parametrize("options", [(*SICK, "--doctor", "off"), (*SICK, "--no-monitor"), ()])
def test_it_says_nothing_where_it_is_not_asked_cannot_know_or_nothing_is_wrong(
    table: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...]
):
    assert "Doctor: " not in trained(capfd, table, *options)


def test_the_model_is_the_same_with_and_without_advice(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    for name, options in (("a", ()), ("b", ("--doctor", "off"))):
        assert main(["train", str(table), "-t", "place", "-o", str(tmp_path / name), "--max-epochs", "5", "-q", *options]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_advice_is_a_part_of_the_report_as_json(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    report = run(capfd, "train", table, "-t", "place", "-o", tmp_path / "m.lamina", *SICK)
    assert [finding["name"] for finding in report["doctor"]] == ["learning_rate_too_low"]
    assert report["doctor"][0]["cures"][0]["written"].startswith("--learning-rate 0.0")


def test_a_training_with_a_treatment_is_saved_first_and_then_treated(table: Path, capfd: pytest.CaptureFixture[str]):
    printed = trained(capfd, table, *SICK, "--preset", "fast", "--doctor", "treat")
    assert printed.index("Model: ") < printed.index("Held-out accuracy") < printed.index("Cured: ")


def test_a_treatment_is_not_for_a_training_that_goes_on(table: Path, capfd: pytest.CaptureFixture[str]):
    trained(capfd, table, *SICK)
    model = str(table.parent / "m.lamina")
    assert main(["train", str(table), "--continue", model, "-o", model, "--doctor", "treat"]) == 2
    assert "--doctor must be advise or off with --continue" in capfd.readouterr().err
