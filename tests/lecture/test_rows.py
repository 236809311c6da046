"""Rows of the lecture are read from the page of the documentation."""

from __future__ import annotations

import pytest

from lamina.errors import FileError, InvalidSettingError
from lamina.lecture.rows import Row, _row, get_row, read_rows


def test_a_row_loses_its_links_and_code_marks() -> None:
    line = "| [L3](depth.md#l3) | XOR | {class}`~lamina.layers.Dense`, [P15](gallery/x.rst) | `a \\| b` |"
    assert _row(line) == Row("L3", "XOR", "lamina.layers.Dense, P15", "a | b", "depth")


def test_a_bar_within_code_is_no_border() -> None:
    row = _row("| [L21](regularization.md#l21) | sum | here | `sum |w|` |")
    assert row is not None
    assert row.how == "sum |w|"


@pytest.mark.parametrize("line", ["| row | concept |", "|---|---|", "Text about L3.", "| L3 | `tests/x.py` |"])
def test_other_lines_are_no_rows(line: str) -> None:
    assert _row(line) is None


def test_a_row_with_a_cell_too_few_is_an_error() -> None:
    with pytest.raises(FileError, match="four cells in each row, got 3"):
        _row("| [L3](depth.md#l3) | XOR | here |")


def test_a_row_is_found_by_all_of_the_words_that_it_mentions() -> None:
    row = Row("L24", "Batch normalization in training", "lamina.BatchNorm", "", "batch-normalization")
    assert row.mentions("NORMALIZATION batch")
    assert not row.mentions("batch dropout")


def test_short_words_are_found_whole_and_longer_ones_as_parts() -> None:
    row = Row("L31", "Xavier, of the lecture, with tanh", "lamina.initializers", "", "initialization")
    assert row.mentions("initial")
    assert not row.mentions("He")
    assert Row("L32", "He initialization", "", "", "initialization").mentions("he")


@pytest.mark.parametrize(
    ("words", "numbers"), [("XOR", {"L3"}), ("He", {"L32"}), ("softmax", {"L10"}), ("overfitting", {"L20", "L21"})]
)
def test_words_of_the_field_find_their_rows(words: str, numbers: set[str]) -> None:
    assert {row.number for row in read_rows() if row.mentions(words)} == numbers


def test_a_row_that_is_not_there_is_an_error_with_the_range_of_those_that_are() -> None:
    with pytest.raises(InvalidSettingError, match="must be one of L1 to L33, got 'L34'"):
        get_row("L34")
