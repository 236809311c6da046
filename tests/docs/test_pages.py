"""Everything that the pages show runs: Python is executed, sessions print what they say, commands are ones that exist."""

from __future__ import annotations

import doctest
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lamina.cli.lone_dash import hide_dashes
from lamina.cli.main import build_app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted((DOCS / "how-to").glob("*.md"))]
_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which the text begins, from 1."""

    language: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = _FENCE.finditer(text)
    return [Block(match["language"], match["code"], text.count("\n", 0, match.start("code")) + 1) for match in found]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


PYTHON_PAGES = [page for page in PAGES if any(block.language in ("python", "pycon") for block in blocks_of(page))]
COMMANDS = [
    (name_of(page), line.strip()[2:])
    for page in PAGES
    for block in blocks_of(page)
    if block.language == "console"
    for line in block.code.replace("\\\n", " ").splitlines()
    if line.strip().startswith("$ lamina ")
]


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")  # a fold of a real table has categories that others lack
@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name_of)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.language == "python":
            # empty lines before it, so that a traceback names the line of the page
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)
        elif block.language == "pycon":
            _check_session(block, page, names)


def _check_session(block: Block, page: Path, names: dict[str, Any]) -> None:
    parsed = doctest.DocTestParser().get_doctest(block.code, names, name_of(page), str(page), block.line - 1)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    report: list[str] = []
    runner.run(parsed, out=report.append, clear_globs=False)
    names.update(parsed.globs)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_a_page_can_be_parsed(page: str, command: str) -> None:
    arguments = shlex.split(command.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    if arguments[0].startswith("-"):
        return
    app = build_app()
    app.config = ()  # a settings file of the page need not exist
    app.parse_args(hide_dashes(arguments), exit_on_error=False, print_error=False)


def test_there_are_pages_commands_and_python() -> None:
    assert len(PYTHON_PAGES) > 10
    assert len(COMMANDS) > 10
