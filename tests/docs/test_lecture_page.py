"""Every row of the lecture is on its page, once, and what a row points to is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from pydoc import locate

import pytest

from lamina.cli.main import build_app
from lamina.lecture import Row, read_rows

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "docs" / "lecture"
PAGE = (COURSE / "index.md").read_text(encoding="utf-8")
TESTS = dict(
    re.findall(r"^\| (L\d+) \| (.+) \|$", (ROOT / "docs" / "tests-of-rows.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
)
ROWS = read_rows()
by_number = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)


def test_every_row_is_there_once_and_in_order() -> None:
    numbers = re.findall(r"^\| \[(L\d+)\]\(", PAGE, flags=re.MULTILINE)
    assert numbers == [f"L{number}" for number in range(1, 34)]


@by_number
def test_no_cell_of_a_row_is_empty(row: Row) -> None:
    assert all((row.concept, row.where, row.how, row.page))


@by_number
def test_a_row_has_its_place_on_a_page_of_the_course(row: Row) -> None:
    link = f"[{row.number}]({row.page}.md#{row.number.lower()})"
    assert link in PAGE
    assert f"\n({row.number.lower()})=\n" in (COURSE / f"{row.page}.md").read_text(encoding="utf-8")


@by_number
def test_the_tests_of_a_row_exist(row: Row) -> None:
    paths = re.findall(r"[\w/]+\.py", TESTS[row.number])
    assert paths, f"{row.number} names no test"
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@by_number
def test_what_a_row_names_in_the_library_exists(row: Row) -> None:
    names = re.findall(r"\blamina(?:\.\w+)+", f"{row.where} {row.how}")
    missing = [name for name in names if locate(name) is None]
    assert not missing


@pytest.mark.parametrize("command", re.findall(r"`(lamina [^`]+)`", PAGE))
def test_a_command_of_a_row_can_be_parsed(command: str) -> None:
    app = build_app()
    app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)
