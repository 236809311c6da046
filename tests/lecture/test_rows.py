"""Rows of the lecture are read from the page of the documentation."""

from __future__ import annotations

import pytest

from lamina.errors import FileError
from lamina.lecture.rows import Row, _row


def test_a_row_loses_its_links_and_code_marks() -> None:
    line = "| L3 | XOR | {class}`~lamina.layers.Dense`, [P15](gallery/x.rst) | `a \\| b` | `tests/x.py` |"
    assert _row(line) == Row("L3", "XOR", "lamina.layers.Dense, P15", "a | b", "tests/x.py")


def test_a_bar_within_code_is_no_border() -> None:
    row = _row("| L21 | sum | here | `sum |w|` | there |")
    assert row is not None
    assert row.how == "sum |w|"


@pytest.mark.parametrize("line", ["| row | concept |", "|---|---|", "Text about L3."])
def test_other_lines_are_no_rows(line: str) -> None:
    assert _row(line) is None


def test_a_row_with_a_cell_too_few_is_an_error() -> None:
    with pytest.raises(FileError, match="five cells in each row, got 4"):
        _row("| L3 | XOR | here | how |")
