"""Tables of many files on the command line: train, evaluate, predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from lamina.cli.main import main

NUM_ROWS = 600
SMALL = ("--hidden", 16, "--members", 1, "--max-epochs", 6, "--batch-size", 32, "--learning-rate", 0.01, "--threads", 1)


def table_of(first: int, count: int) -> pa.Table:
    rng = np.random.default_rng(first)
    x, z = rng.normal(size=(2, count))
    color = rng.choice(["red", "green"], count)
    return pa.table({"id": np.arange(first, first + count), "x": x, "z": z, "color": color, "y": (x + (color == "red") > 0.5)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for i in range(3):
        parquet.write_table(table_of(200 * i, 200), tmp_path / "data" / f"day-{i}.parquet", row_group_size=60)
    return tmp_path / "data"


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0
    printed: dict[str, Any] = json.loads(capfd.readouterr().out)
    return printed


def failed(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments)]) in (1, 2)
    return capfd.readouterr().err


@pytest.fixture
def model(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "a.lamina"
    report = run(capfd, "train", f"{folder}/*.parquet", "-t", "y", "-o", path, "--kinds", "id=ignore", *SMALL)
    assert report["test"]["model"]["accuracy"] > 0.85
    assert report["rows"]["read"] == NUM_ROWS
    return path


def test_predictions_are_written_file_by_file_and_are_those_of_each_file(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    report = run(capfd, "predict", model, folder, "-o", out, "--keep", "id")
    assert report["rows"] == NUM_ROWS
    assert [Path(path).name for path in report["files"]] == [f"day-{i}.parquet" for i in range(3)]
    run(capfd, "predict", model, folder / "day-1.parquet", "-o", tmp_path / "one.parquet", "--keep", "id")
    assert parquet.read_table(out / "day-1.parquet").equals(parquet.read_table(tmp_path / "one.parquet"))


def test_text_beside_files_with_types_is_predicted_in_the_format_of_the_first_file(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    csv.write_csv(parquet.read_table(folder / "day-0.parquet"), folder / "day-7.csv")
    files = run(capfd, "predict", model, folder, "-o", tmp_path / "out")["files"]
    assert [Path(path).name for path in files] == [f"day-{i}.parquet" for i in (0, 1, 2, 7)]
    first, same = (parquet.read_table(tmp_path / "out" / f"day-{i}.parquet")["y"].to_pylist() for i in (0, 7))
    assert first == same
    assert run(capfd, "evaluate", model, folder)["rows"] == NUM_ROWS + 200


def test_predicting_again_goes_on_with_what_is_missing(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    run(capfd, "predict", model, folder, "-o", out, "--output-format", "csv")
    (out / "day-2.csv").unlink()
    report = run(capfd, "predict", model, folder, "-o", out, "--output-format", "csv")
    assert (report["rows"], report["kept"]) == (200, 2)
    assert csv.read_csv(out / "day-2.csv").num_rows == 200
    assert main(["predict", str(model), str(folder), "-o", str(out), "--output-format", "csv"]) == 0
    assert "3 of 3 files were there already" in capfd.readouterr().out


def test_folders_that_stand_for_a_column_are_learned_from_and_predicted_with(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    for year in (2001, 2002):
        table = table_of(year, 300).drop_columns(["y"])
        target = pa.array(["old" if year == 2001 else "new"] * 300)
        (tmp_path / f"data/year={year}").mkdir(parents=True)
        parquet.write_table(table.append_column("y", target), tmp_path / f"data/year={year}/a.parquet")
    path = tmp_path / "a.lamina"
    report = run(capfd, "train", tmp_path / "data", "-t", "y", "-o", path, "--kinds", "id=ignore", *SMALL)
    assert "read from the names of folders: 'year'." in report["notes"]
    assert report["test"]["model"]["accuracy"] == 1
    run(capfd, "predict", path, tmp_path / "data/year=2002", "-o", tmp_path / "out", "--no-proba", "--keep", "year")
    assert set(map(tuple, map(dict.values, parquet.read_table(tmp_path / "out/a.parquet").to_pylist()))) == {("2002", "new")}


def test_several_workers_write_the_same_files_and_go_on_with_each_others(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    csv.write_csv(table_of(1, 50).append_column("more", pa.array(["new"] * 50)), folder / "odd.csv")
    reports = [run(capfd, "predict", model, folder, "-o", tmp_path / n, "--workers", n, "--keep", "id") for n in ("1", "2")]
    assert [report["rows"] for report in reports] == [NUM_ROWS + 50] * 2
    assert reports[0]["notes"] == reports[1]["notes"]
    names = [Path(path).relative_to(tmp_path / "1") for path in reports[0]["files"]]
    assert names == [Path(path).relative_to(tmp_path / "2") for path in reports[1]["files"]]
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    (tmp_path / "1" / names[0]).unlink()
    assert run(capfd, "predict", model, folder, "-o", tmp_path / "1", "--workers", "2", "--keep", "id")["kept"] == 3


def test_an_error_in_the_file_of_a_worker_names_the_file(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    table = parquet.read_table(folder / "day-1.parquet")
    parquet.write_table(table.set_column(1, "x", pa.array(["big"] * 200)), folder / "day-1.parquet")
    message = failed(capfd, "predict", model, folder, "-o", tmp_path / "out", "--workers", 2)
    assert "day-1.parquet: " in message and "--on-error missing" in message
    assert not (tmp_path / "out" / "day-1.parquet").exists()


def test_a_single_file_has_no_use_for_workers_which_is_said(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    command = ("predict", model, folder / "day-1.parquet", "-o", tmp_path / "a.csv", "--workers", 2)
    assert run(capfd, *command)["notes"] == ["a single file is predicted by one process; --workers is for a table of many."]
    assert "--workers must be an integer" in failed(capfd, *command[:-1], 0)


def test_predictions_with_other_options_do_not_mix(model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    run(capfd, "predict", model, folder, "-o", tmp_path / "out")
    assert "by another model or with other options" in failed(
        capfd, "predict", model, folder, "-o", tmp_path / "out", "--no-proba"
    )


@pytest.mark.parametrize("unfit", ["day-0", "day-2"])
def test_the_way_round_an_unfit_value_can_be_gone_from_any_file_on(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], unfit: str
):
    table = parquet.read_table(folder / f"{unfit}.parquet")
    texts = pa.array([*map(str, table["x"].to_pylist()[:-1]), "big"])
    parquet.write_table(table.set_column(1, "x", texts), folder / f"{unfit}.parquet")
    command = ("predict", model, folder, "-o", tmp_path / "out")
    assert "--on-error missing" in failed(capfd, *command)
    if unfit == "day-2":  # whole files are there
        message = failed(capfd, *command, "--on-error", "missing")
        assert "with other options (such as --on-error), or of other files. Name a new folder, or remove this one" in message
        command = (*command[:-1], tmp_path / "new")
    assert run(capfd, *command, "--on-error", "missing")["rows"] == NUM_ROWS


def test_predictions_in_another_format_do_not_mix(model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    run(capfd, "predict", model, folder, "-o", tmp_path / "out")
    message = failed(capfd, "predict", model, folder, "-o", tmp_path / "out", "--output-format", "csv")
    assert "by another model or with other options" in message
    assert not list((tmp_path / "out").glob("*.csv"))


@pytest.mark.parametrize("address", ["", "file://"])
@pytest.mark.parametrize("pattern", ["", "/**/*.parquet"])
@pytest.mark.parametrize("place", ["data/out", "data"])
def test_predictions_may_not_lie_among_the_files_of_the_table(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], pattern: str, place: str, address: str
):
    before = sorted(folder.rglob("*"))
    assert "must be a folder whose files are none of the table" in failed(
        capfd, "predict", model, f"{address}{folder}{pattern}", "-o", tmp_path / place
    )
    assert sorted(folder.rglob("*")) == before


def test_predictions_may_lie_below_files_that_a_pattern_names_without_their_folders(
    model: Path, folder: Path, capfd: pytest.CaptureFixture[str]
):
    for _ in range(2):
        assert len(run(capfd, "predict", model, f"{folder}/*.parquet", "-o", folder / "out")["files"]) == 3


def test_a_file_is_no_place_for_the_predictions_of_many(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "out.csv").write_text("mine")
    assert "--output must be a folder" in failed(capfd, "predict", model, folder, "-o", tmp_path / "out.csv")
    assert "--output must be a folder" in failed(capfd, "predict", model, folder, "-o", "-")
    assert (tmp_path / "out.csv").read_text() == "mine"


def test_the_evaluation_of_a_folder_is_that_of_one_file_with_its_rows(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    whole = pa.concat_tables([table_of(200 * i, 200) for i in range(3)])
    parquet.write_table(whole, tmp_path / "whole.parquet")
    one, many = (run(capfd, "evaluate", model, path) for path in (tmp_path / "whole.parquet", folder))
    assert many["rows"] == one["rows"] == NUM_ROWS
    assert many["metrics"]["model"] == pytest.approx(one["metrics"]["model"], abs=2e-4)


def test_a_bad_file_is_named_and_left_out_if_asked_for(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (folder / "day-9.parquet").write_bytes(b"PAR1 and no more")
    for command in (
        ("train", folder, "-t", "y", "-o", tmp_path / "b.lamina", *SMALL),
        ("evaluate", model, folder),
        ("predict", model, folder, "-o", tmp_path / "out"),
    ):
        message = failed(capfd, *command)
        assert "day-9.parquet" in message
        assert "--on-bad-shard skip" in message
        report = run(capfd, *command, "--on-bad-shard", "skip")
        assert any("left out" in note and "day-9.parquet" in note for note in report["notes"])


def test_a_large_file_of_text_is_read_block_by_block(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(0)
    x = rng.normal(size=70_000)
    pad = pa.array(["padding" * 100] * len(x))
    csv.write_csv(pa.table({"x": x, "pad": pad, "y": (x > 0).astype(int)}), tmp_path / "large.csv")
    few = ("--hidden", 8, "--members", 1, "--max-epochs", 1, "--bins", 0, "--threads", 1)
    file, model = tmp_path / "large.csv", tmp_path / "a.lamina"
    report = run(capfd, "train", file, "-t", "y", "-o", model, "--memory", "64MB", *few)
    assert report["rows"]["read"] == 70_000
    assert report["test"]["model"]["accuracy"] > 0.95
    assert report["classes"] == ["0", "1"]
    predicted = run(capfd, "predict", tmp_path / "a.lamina", tmp_path / "large.csv", "-o", tmp_path / "out", "--memory", "64MB")
    assert predicted["files"] == [str(tmp_path / "out" / "large.csv")]
    assert csv.read_csv(tmp_path / "out" / "large.csv")["y"].to_pylist()[:3] == (x > 0).astype(int)[:3].tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--doctor", "treat"), "--doctor must be advise or off for a table of many files"),
        (("--continue", "MODEL"), "--continue must be left out for a table of many files"),
        (("--restarts", 2), "restarts must be 1"),
    ],
)
def test_what_needs_the_table_in_memory_is_refused(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[object, ...], words: str
):
    given = [model if option == "MODEL" else option for option in options]
    assert words in failed(capfd, "train", folder, "-t", "y", "-o", tmp_path / "b.lamina", *SMALL, *given)


def test_a_report_is_on_the_rows_of_all_files(model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    for table, more in ((folder, ()), (f"{folder}/*.parquet", ("--no-diagnosis",))):
        report = run(capfd, "report", model, table, *more, "-o", tmp_path / "r.html")
        assert report["facts"]["judged by"] == "600 rows"
        assert ("Held-out accuracy" in report["parts"]["findings"]["blocks"][0]["text"]) != bool(more)
        assert report["notes"] == []
    assert "600 rows" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_of_too_many_rows_a_report_draws_some(
    model: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.cli.report._MOST_ROWS", 100)
    first, second = (run(capfd, "report", model, folder, "--no-diagnosis", "-o", tmp_path / "r.html") for _ in range(2))
    assert first["facts"]["judged by"] == "100 rows"
    assert first["notes"] == ["the report is on 100 rows, drawn from 600."]
    assert first == second


def test_a_report_on_files_that_cannot_judge_is_one_line(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "empty").mkdir()
    assert "empty" in failed(capfd, "report", model, tmp_path / "empty", "-o", tmp_path / "r.html")
    (tmp_path / "other").mkdir()
    parquet.write_table(table_of(0, 20).drop_columns(["x"]), tmp_path / "other" / "a.parquet")
    assert "'x'" in failed(capfd, "report", model, tmp_path / "other", "-o", tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
