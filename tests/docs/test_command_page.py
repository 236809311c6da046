"""The page of the command line shows every command and option, each with a sentence."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from lamina.cli.main import main

EXTENSION = Path(__file__).parents[2] / "docs" / "_extensions" / "command_options.py"


def load(path: Path) -> ModuleType:
    """A module of the documentation's own extensions, which are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMANDS = load(EXTENSION)
OPTIONS = [(name, *option[1:]) for name, command in COMMANDS.commands().items() for option in COMMANDS.options(command)]


def test_every_command_of_the_help_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = set(re.findall(r"^│ (\w+) ", capsys.readouterr().out, flags=re.MULTILINE))
    assert shown == set(COMMANDS.commands())


@pytest.mark.parametrize("command", COMMANDS.commands())
def test_every_option_of_the_help_is_on_the_page(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = set(re.findall(r"(?:^│ \*? *|  )(--[a-z0-9-]+)", capsys.readouterr().out, flags=re.MULTILINE))
    on_page = {word for name, names, *_ in OPTIONS if name == command for word in names.split(", ")}
    assert bool(shown) == any(word.startswith("--") for word in on_page)
    assert shown <= on_page


@pytest.mark.parametrize(("command", "names", "default", "text"), OPTIONS)
def test_every_option_has_a_sentence(command: str, names: str, default: str, text: str) -> None:
    assert text.endswith("."), f"lamina {command} {names} needs a sentence"
