"""Everything that the pages show runs: Python prints what the page says, and so do commands that show it; others exist."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from page_code import Block, blocks_of, is_same_output, with_outputs, wrong_outputs

from lamina.cli.lone_dash import hide_dashes
from lamina.cli.main import build_app, main
from lamina.model.table_settings import PRESETS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, *(page for folder in ("", "how-to", "lecture") for page in sorted((DOCS / folder).glob("*.md")))]


def blocks_in(page: Path) -> list[Block]:
    return blocks_of(page.read_text(encoding="utf-8"))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def is_only_commands(code: str) -> bool:
    return all(line.startswith("$ ") for line in code.replace("\\\n", " ").splitlines())


PYTHON_PAGES = [page for page in PAGES if any(block.language in ("python", "pycon") for block in blocks_in(page))]
COMMANDS = [
    (name_of(page), line.strip()[2:])
    for page in PAGES
    for block in blocks_in(page)
    if block.language == "console"
    for line in block.code.replace("\\\n", " ").splitlines()
    if line.strip().startswith("$ lamina ")
]

#: The console blocks of a page in which outputs stand below commands, in one text.
CONSOLES = {
    page: "".join(block.code for block in blocks_in(page) if block.language == "console" and not is_only_commands(block.code))
    for page in PAGES
}
FRONT = [README, DOCS / "index.md"]  # what they show is on the page "Getting started", too
_OF_A_MACHINE = re.compile(r"[\d.]+(?= s\b| epochs\b)|(?<=in epoch )\d+")


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")  # a fold of a real table has categories that others lack
@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name_of)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert not "\n".join(wrong_outputs(page.read_text(encoding="utf-8"), name_of(page)))


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ("loss 0.482", "loss 0.483"),
        ("3  of 4", "3 of\n4"),
        ("1,204 rows", "1,203 rows"),
        ("a\n...\nb 1", "a\nx\ny\nb 1"),
        ("", "\n"),
    ],
)
def test_outputs_that_differ_by_rounding_are_the_same(stated: str, printed: str) -> None:
    assert is_same_output(stated, printed)


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ("loss 0.482", "loss 0.492"),
        ("3 of 4", "4 of 4"),
        ("1,204 rows", "1,104 rows"),
        ("loss 0.48", "loss nan"),
        ("", "x"),
        ("x", ""),
    ],
)
def test_outputs_that_say_something_else_are_not(stated: str, printed: str) -> None:
    assert not is_same_output(stated, printed)


def test_what_a_block_prints_is_written_below_it() -> None:
    page = "One:\n\n```python\nprint(1)\n```\n\nTwo:\n\n```python\nprint(2)\n```\n\n```output\n3\n```\n\nThree.\n"
    written = with_outputs(page, "page")
    assert written == page.replace("print(1)\n```\n", "print(1)\n```\n\n```output\n1\n```\n").replace("3\n```", "2\n```")
    assert with_outputs(written, "page") == written
    assert not wrong_outputs(written, "page")
    assert len(wrong_outputs(page, "page")) == 2


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_a_page_can_be_parsed(page: str, command: str) -> None:
    arguments = shlex.split(command.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    if arguments[0].startswith("-"):
        return
    app = build_app()
    app.config = ()  # a settings file of the page need not exist
    app.parse_args(hide_dashes(arguments), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("page", [page for page, text in CONSOLES.items() if text and page not in FRONT], ids=name_of)
def test_a_command_prints_what_stands_below_it(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for session in re.split(r"^\$ lamina ", CONSOLES[page], flags=re.MULTILINE)[1:]:
        command, _, stated = session.partition("\n")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main(shlex.split(command))
        assert is_same_output(_OF_A_MACHINE.sub("...", stated), printed.getvalue()), f"{command} printed\n{printed.getvalue()}"


@pytest.mark.parametrize("page", FRONT, ids=name_of)
def test_the_front_pages_show_the_training_of_the_first_page(page: Path) -> None:
    assert CONSOLES[page].replace("build/", "") in CONSOLES[DOCS / "getting-started.md"]


def test_adult_with_the_defaults_reaches_an_auc_of_0_92() -> None:
    """As the page "Getting started" states, which the command was found to print."""
    (auc,) = re.findall(r"│ AUC +│ (0\.\d+) │", CONSOLES[DOCS / "getting-started.md"])
    assert float(auc) >= 0.92


def test_the_page_of_presets_tells_them() -> None:
    rows = [
        line.strip("| ").split(" | ") for line in (DOCS / "how-to" / "presets.md").read_text().splitlines() if line[:3] == "| `"
    ]
    assert {cells[0].strip("`"): cells[1:-1] for cells in rows} == {
        name: [str(values[name]) for values in PRESETS.values()] for name in PRESETS["default"]
    }


def test_there_are_pages_commands_and_python() -> None:
    assert len(PYTHON_PAGES) > 10
    assert len(COMMANDS) > 10
