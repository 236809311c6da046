"""Names of columns and classes come from files: what a terminal would obey is written out, and nothing in them is markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.cli.main import main

EVIL = ("[/x]", "[bold red]", "\x1b[31mred", "bell\a", "\u202egnp.exe")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table whose names, categories and classes are EVIL; one column says nothing, and is left out with a note."""
    header = ",".join([*EVIL, "constant[/x]", "class[/y]"])
    rows = [",".join([*(f"{name}{i % 2}" for name in EVIL), "1", f"\x1b[5m[/z]{i % 2}"]) for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return tmp_path / "t.csv"


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_every_command_prints_them_and_none_of_them_is_obeyed(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model, output = str(table.parent / "a.model"), str(table.parent / "o.csv")
    commands = (
        ["train", str(table), "-t", "class[/y]", "-o", model, "--max-epochs", "2", "--hidden", "4"],
        ["info", model],
        ["evaluate", model, str(table)],
        ["predict", model, str(table), "-o", output],
        ["info", model, "--json"],
    )
    printed = []
    for command in commands:
        assert main(command) == 0
        printed.append("".join(capfd.readouterr()))
    everything = "\n".join(printed)
    assert not set(everything) & {"\x1b", "\a", "\u202e"}
    for name in ("[/x]", "[bold red]", r"\x1b[31mred", r"bell\x07", r"\u202egnp.exe", "class[/y]"):
        assert name in printed[1], name


def test_an_error_prints_them_as_they_are_written(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(table), "-t", "\x1b[31m[/x]", "-o", str(table.parent / "a.model")]) == 1
    assert r"\x1b[31m[/x]" in capfd.readouterr().err
