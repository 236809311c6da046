"""The package is typed: it says so, and the script that type checkers read also runs."""

from __future__ import annotations

import runpy
from importlib.resources import files
from pathlib import Path

import pytest


def test_the_package_says_that_it_is_typed() -> None:
    assert files("lamina").joinpath("py.typed").is_file()


def test_the_script_that_type_checkers_read_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(Path(__file__).with_name("user_script.py")), run_name="__main__")
    assert "rate must be a number in [0, 1)" in capsys.readouterr().out
