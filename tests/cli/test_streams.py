"""Pipes: tables from standard input and to standard output, readers that go away, full disks, closed streams."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.cli.main import main
from lamina.data import read_table

LAMINA = [sys.executable, "-m", "lamina"]
FULL = Path("/dev/full")
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that can close streams")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs the device that is always full")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and a model of it."""
    folder = tmp_path_factory.mktemp("pipes")
    lines = [f"{i % 10},{'pq'[i % 2]},{'red' if i % 10 < 5 else 'blue'}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["size,letter,color", *lines]) + "\n")
    arguments = ["train", str(folder / "t.csv"), "-t", "color", "-o", str(folder / "a.lamina"), "--max-epochs", "2", "-q"]
    assert main(arguments) == 0
    return folder


def piped(*arguments: str | Path, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*LAMINA, *map(str, arguments)], input=given, capture_output=True, check=False)


def test_predictions_go_from_pipe_to_pipe_and_equal_those_of_files(folder: Path) -> None:
    assert main(["predict", str(folder / "a.lamina"), str(folder / "t.csv"), "-o", str(folder / "out.csv"), "-q"]) == 0
    done = piped("predict", folder / "a.lamina", "-", "-o", "-", given=(folder / "t.csv").read_bytes())
    assert done.returncode == 0
    assert done.stdout == (folder / "out.csv").read_bytes()
    assert done.stderr == b""


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "feather"])
def test_every_format_goes_through_a_pipe(folder: Path, kind: str) -> None:
    same = ("--keep", "size", "letter", "color", "--output-format", kind)
    written = piped("predict", folder / "a.lamina", folder / "t.csv", "-o", "-", *same, given=b"")
    (folder / f"piped.{kind}").write_bytes(written.stdout)
    assert read_table(folder / f"piped.{kind}").num_rows == 60
    measured = piped("evaluate", folder / "a.lamina", "-", "--input-format", kind, "--json", given=written.stdout)
    assert json.loads(measured.stdout)["rows"] == 60


def test_a_model_is_trained_from_a_pipe(folder: Path) -> None:
    output = folder / "piped.lamina"
    arguments = ("train", "-", "-t", "color", "-o", output, "--max-epochs", "1", "--json")
    done = piped(*arguments, given=(folder / "t.csv").read_bytes())
    assert json.loads(done.stdout)["rows"]["read"] == 60
    assert output.exists()


def test_errors_and_notes_about_a_pipe_call_it_standard_input(folder: Path) -> None:
    ragged = b"size,letter\n1\n2,p\n"
    done = piped("predict", folder / "a.lamina", "-", "-o", "-", given=ragged)
    assert done.returncode == 1
    assert done.stderr.startswith(b"lamina: standard input: every row must have 2 fields, like the header, got 1 in row 2")
    done = piped("predict", folder / "a.lamina", "-", "-o", "-", "--drop-ragged", given=ragged)
    assert done.returncode == 0
    assert done.stderr.startswith(b"note: standard input: dropped 1 row ")
    done = piped("predict", folder / "a.lamina", "-", "-o", "-", given=b"")
    assert done.returncode == 1
    assert b"standard input must hold a table, got nothing. Pipe one in" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "-", "--json"), "--json must be left out if the predictions go to standard output"),
        (
            ("-o", "out.csv", "--output-format", "tsv"),
            "--output-format must be left out for a file, whose suffix gives the format",
        ),
        (
            ("-o", "-", "--input-format", "tsv"),
            "--input-format must be left out for a file, whose suffix gives the format ('t.csv')",
        ),
    ],
)
def test_what_contradicts_a_pipe_is_refused(
    folder: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert main(["predict", str(folder / "a.lamina"), str(folder / "t.csv"), *options]) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"PAR1....", (), "a text table, as --input-format says (default: csv), got a Parquet file. Use --input-format parquet."),
        (b"ARROW1....", (), "got a Feather file. Use --input-format feather."),
        (b"\x1f\x8b....", (), "got a gzip file. Unpack it first: zcat table.csv.gz | lamina ... -"),
        (b"PK\x03\x04....", (), "got a zip archive or an Excel workbook. Export it as CSV."),
        (b"a,b\n1,\0\n", (), "Export it as CSV, or set another --input-format."),
        (b"a,b\n1,2\n", ("--input-format", "parquet"), "standard input must be a Parquet file, as --input-format says"),
    ],
)
def test_what_a_pipe_holds_is_said_by_its_option(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], data: bytes, options: tuple, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["evaluate", str(folder / "a.lamina"), "-", *options]) == 1
    said = " ".join(capfd.readouterr().err.split())
    assert message in said
    assert "name says" not in said


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("-", ("--test", "-"), "--test must not be standard input, which the table already reads, got '-'. Name a file."),
        ("-", ("--validation", "-"), "--validation must not be standard input, which the table already reads"),
        ("t.csv", ("--validation", "-", "--test", "-"), "--test must not be standard input, which --validation already reads"),
        ("t.csv", ("-o", "-"), "--output must be a file for the model, got '-'. Name one: -o model.lamina."),
    ],
)
def test_what_one_pipe_cannot_do_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], table: str, options: tuple, message: str
) -> None:
    monkeypatch.chdir(folder)
    output = () if "-o" in options else ("-o", "refused.lamina")
    assert main(["train", table, "-t", "color", *output, *options]) == 2
    assert message in capfd.readouterr().err
    assert not Path("refused.lamina").exists() and not Path("-").exists()


def test_a_lone_dash_is_a_value_of_any_option(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = folder / "dashes.csv"
    table.write_text("size-color\n" + "".join(f"{i % 10}-{'red' if i % 10 < 5 else 'blue'}\n" for i in range(60)))
    arguments = ["train", str(table), "-t", "color", "-o", str(folder / "b.lamina"), "--max-epochs", "1", "--delimiter", "-"]
    assert main(arguments) == 0
    assert main([*arguments, "--missing", "-"]) == 0
    capfd.readouterr()
    assert main(["info", "a", "-", "b"]) == 2
    assert "\ue02d" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["--version"],
        ["info", "a.lamina"],
        ["info", "a.lamina", "--json"],
        ["predict", "a.lamina", "t.csv", "-o", "-"],
        ["lecture"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_failure(folder: Path, arguments: list[str]) -> None:
    with subprocess.Popen(
        [*LAMINA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == ""
        assert command.wait() == 0


@needs_full
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["info", "a.lamina", "--json"]], ids=" ".join)
def test_an_output_that_is_full_is_said_in_one_sentence(folder: Path, arguments: list[str]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run([*LAMINA, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=folder)
    assert done.returncode == 1
    assert done.stderr == "lamina: cannot continue: no space left on device. Free some space, or send the output elsewhere.\n"


@needs_full
def test_predictions_to_a_full_disk_fail_with_a_sentence(folder: Path) -> None:
    with FULL.open("w") as full:
        arguments = ["predict", "a.lamina", "t.csv", "-o", "-"]
        done = subprocess.run([*LAMINA, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("lamina: cannot continue: no space left on device.")


@needs_full
def test_errors_that_nobody_can_read_keep_their_exit_code() -> None:
    with FULL.open("w") as full:
        done = subprocess.run([*LAMINA, "info", "nowhere", "--json"], stdout=full, stderr=full, check=False)
    assert done.returncode == 1


def unheard(folder: Path, *arguments: str, closed: str = ">&-") -> subprocess.CompletedProcess[str]:
    """The command, started by a shell that closes streams."""
    line = f"{shlex.join([*LAMINA, *arguments])} {closed}"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=folder)


@needs_shell
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["info", "a.lamina"],
        ["info", "a.lamina", "--json"],
        ["evaluate", "a.lamina", "t.csv"],
        ["predict", "a.lamina", "t.csv", "-o", "-"],
        ["predict", "a.lamina", "t.csv", "-o", "out.csv", "--json"],
    ],
    ids=" ".join,
)
def test_results_that_a_closed_output_does_not_take_are_a_failure(folder: Path, arguments: list[str]) -> None:
    done = unheard(folder, *arguments)
    assert done.returncode == 1
    assert done.stderr == "lamina: cannot write: standard output is closed. Send the output to a file or a pipe.\n"


@needs_shell
def test_reports_that_a_closed_output_does_not_take_are_left_out(folder: Path) -> None:
    for arguments in (
        ["predict", "a.lamina", "t.csv", "-o", "unheard.csv"],
        ["train", "t.csv", "-t", "color", "-o", "unheard.lamina", "--max-epochs", "1"],
    ):
        done = unheard(folder, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert (folder / arguments[arguments.index("-o") + 1]).exists()


@needs_shell
@pytest.mark.parametrize(
    ("arguments", "closed", "code"),
    [
        (["info", "a.lamina"], "2>&-", 0),
        (["info", "a.lamina"], ">&- 2>&-", 1),
        (["info", "nowhere"], "2>&-", 1),
        (["info", "nowhere", "--json"], ">&-", 1),
        (["info", "nowhere", "--json"], ">&- 2>&-", 1),
        (["info", "--jsno"], ">&- 2>&-", 2),
    ],
)
def test_closed_streams_keep_the_exit_code(folder: Path, arguments: list[str], closed: str, code: int) -> None:
    assert unheard(folder, *arguments, closed=closed).returncode == code


def test_streams_that_were_never_there_are_no_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["predict", str(folder / "a.lamina"), str(folder / "t.csv"), "-o", str(folder / "closed.csv")]) == 0
    assert main(["info", str(folder / "nowhere")]) == 1
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOBase)
        stream.close()
    assert (folder / "closed.csv").exists()
