"""``lamina report``: a page, text or JSON, and a clear word for what cannot be reported on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from lamina.cli.main import main

TABLE = "age,city,income\n" + "".join(
    f"{20 + i % 50},{'Rome' if i % 3 else 'Oslo'},{'high' if i % 50 > 24 else 'low'}\n" for i in range(200)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "people.csv").write_text(TABLE)
    train = ["train", str(folder / "people.csv"), "--target", "income", "-o", str(folder / "m.model")]
    assert main([*train, "--max-epochs", "5", "--hidden", "8", "--members", "1", "--quiet"]) == 0
    return folder


def test_a_page_is_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "r.html"
    assert main(["report", str(folder / "m.model"), str(folder / "people.csv"), "-o", str(page)]) == 0
    assert "Report:" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "What the doctor finds" in text
    assert "lamina report" in text


def test_the_page_is_called_report_html_by_default(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(folder / "m.model")]) == 0
    assert (tmp_path / "report.html").exists()


def test_text_and_json_say_the_same(folder: Path, capsys: pytest.CaptureFixture[str]):
    given = [str(folder / "m.model"), str(folder / "people.csv"), "--no-diagnosis", "--quiet"]
    assert main(["report", *given, "--text"]) == 0
    text = capsys.readouterr().out
    assert main(["report", *given, "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["output"] is None
    for part in described["parts"].values():
        assert part["title"] in text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("age,city\n30,Rome\n", "income"),
        ("age,income\n30,low\n31,high\n", "city"),
        ("age,city,income\n30,Rome,low\n", "2 rows"),
        ("age,city,income\n30,Rome,low\n40,Oslo,low\n", "two classes"),
        ("age,city,income\n30,Rome,low\n40,Oslo,middle\n", "middle"),
        ("", "header"),
    ],
)
def test_a_table_that_cannot_judge_is_one_line(
    rows: str, said: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "t.csv").write_text(rows)
    page = tmp_path / "r.html"
    assert main(["report", str(folder / "m.model"), str(tmp_path / "t.csv"), "-o", str(page)]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not page.exists()


def test_files_that_cannot_be_read_or_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model, table = str(folder / "m.model"), str(folder / "people.csv")
    assert main(["report", table, "-o", str(tmp_path / "r.html")]) == 1
    assert main(["report", str(tmp_path / "none.model"), "-o", str(tmp_path / "r.html")]) == 1
    assert main(["report", model, table, "-o", str(tmp_path / "none" / "r.html")]) == 1
    assert main(["report", model, table, "-o", str(tmp_path)]) == 1
    assert main(["report", model, table, "-o", model]) == 2
    assert main(["report", model, table, "--max-rows", "3", "-o", str(tmp_path / "r.html")]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert not list(tmp_path.glob("*.html"))


def test_text_and_json_are_not_printed_together(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", str(folder / "m.model"), "--text", "--json"]) == 2
    assert "--text must be left out with --json" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_the_command_to_repeat_it_names_the_table_that_was_given(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    others = tmp_path / "new people.csv"
    others.write_text(TABLE)
    given = ["report", str(folder / "m.model"), str(others), "--no-diagnosis", "--seed", "3", "--delimiter", ","]
    assert main([*given, "--text"]) == 0
    text = capsys.readouterr().out
    command = text.splitlines()[-1].strip()
    assert shlex.split(command)[1:5] == ["report", str(folder / "m.model"), str(others), "--delimiter"]
    assert command.endswith("--no-diagnosis --seed 3 -o report.html")
    assert "the 200 rows of new people.csv" in text
    assert "table: new people.csv" in text
    assert main([*given, "-o", str(tmp_path / "first.html")]) == 0
    assert main([*shlex.split(command)[1:-1], str(tmp_path / "second.html")]) == 0
    assert (tmp_path / "first.html").read_bytes() == (tmp_path / "second.html").read_bytes()


def test_the_page_goes_to_standard_output_alone(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    given = ["report", str(folder / "m.model"), str(folder / "people.csv"), "--no-diagnosis"]
    assert main([*given, "-o", str(tmp_path / "r.html"), "--quiet"]) == 0
    capfd.readouterr()
    assert main([*given, "-o", "-"]) == 0
    written = capfd.readouterr()
    assert written.out == (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "note: columns are shuffled" in " ".join(written.err.split())
    assert main([*given, "-o", "-", "--text"]) == 2
    assert "--text must be left out" in " ".join(capfd.readouterr().err.split())
