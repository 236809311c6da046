"""Ctrl-C in a command's process: a line and an exit code at whatever moment it comes, and never a traceback."""

from __future__ import annotations

import json
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from lamina import __main__, cli
from lamina.__main__ import start
from lamina.cli import main as commands
from lamina.cli import train
from lamina.errors import FileError

# What is done before and after a command.
PLACES = [str(__main__.__file__), str(Path(str(cli.__file__)).with_name("main.py"))]


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def start_pressed_at(number: int) -> tuple[int, bool]:
    """The exit code, where Ctrl-C comes at one of the points of PLACES at which Python looks for signals, and whether it came."""
    seen = 0

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal seen
        handler: Any = signal.getsignal(signal.SIGINT)
        if event in ("call", "c_return") and frame.f_code.co_filename in PLACES and handler is not signal.default_int_handler:
            seen += 1
            if seen == number:
                handler(signal.SIGINT, frame)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.setprofile(look)
    try:
        return start(), seen >= number
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_whenever_it_comes_the_last_words_are_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """Also where it comes again as they are said."""
    print_error = commands.print_error

    def pressed(text: str) -> None:
        press()
        print_error(text)
        press()

    def failing(*_: Any, **__: Any) -> None:
        raise FileError("'missing.lamina' is not there.")

    monkeypatch.setattr(commands, "print_error", pressed)
    monkeypatch.setattr(commands, "build_app", lambda: failing)  # the true one takes long
    monkeypatch.setattr(sys, "argv", ["lamina", "info", "missing.lamina", *options])
    for number in count(1):
        code, came = start_pressed_at(number)
        said, errors = capfd.readouterr()
        assert code == 1
        assert errors.startswith("lamina: ") and "Traceback" not in errors, number
        assert "interrupted" in errors or "missing.lamina" in errors
        if options:
            assert json.loads(said)["error"]["exit_code"] == 1, number
        if not came:
            break
    assert number > 5
    press()  # nothing comes of it as the interpreter ends


def test_one_that_comes_as_the_command_line_is_loaded_is_an_object_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(package: str, owner: str) -> None:
        press()

    monkeypatch.setattr(__main__, "require", interrupted)
    monkeypatch.setattr(sys, "argv", ["lamina", "train", "--json"])
    assert start() == 1
    said, errors = capsys.readouterr()
    message = "interrupted before it started."
    assert json.loads(said) == {"error": {"kind": "KeyboardInterrupt", "message": message, "exit_code": 1}}
    assert errors == f"lamina: {message}\n"


def test_a_training_that_is_done_is_reported_however_often_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    print_report = train._print_report

    def pressed(*arguments: Any, **options: Any) -> None:
        press()
        press()
        print_report(*arguments, **options)

    monkeypatch.setattr(train, "_print_report", pressed)
    table = tmp_path / "a.csv"
    table.write_text("x,y\n" + "".join(f"{i},{2 * i}.5\n" for i in range(40)))
    arguments = ["train", str(table), "-t", "y", "-o", str(tmp_path / "a.lamina"), "--max-epochs", "2"]
    monkeypatch.setattr(sys, "argv", ["lamina", *arguments])
    assert start() == 0
    assert f"Model: {tmp_path / 'a.lamina'}" in capfd.readouterr().out.replace("\n", "")
