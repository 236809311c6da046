"""Texts of a shape give the numbers that stand in each of them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.data.formats.shapes import shapes_of

WORD = "^(?P<word>[a-z]*)"
NUMBER = r"(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?)$"
WRITTEN = st.from_regex(r"\A[+-]?[0-9]{1,25}(\.[0-9]{1,25})?\Z")


def array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


@given(st.lists(WRITTEN, min_size=1))
@example(["0.1", "-0.0", "+12", "123456789012345.6", "0.000000000000001", "9007199254740993"])
def test_numbers_are_those_that_python_reads(texts: list[str]) -> None:
    found = {
        row: number
        for shape in shapes_of(array(*texts), f"^{NUMBER}")
        for row, number in zip(shape.rows, shape.number("number"), strict=True)
    }
    assert [found[row].hex() for row in range(len(texts))] == [float(text).hex() for text in texts]


def test_every_row_is_in_the_shape_of_its_first_pattern() -> None:
    texts = array("a1", "bb22", "a9", "é7", "", "33")
    shapes = list(shapes_of(texts, "^(?P<word>[a-zé]+)" + NUMBER, WORD + NUMBER))
    assert [(shape.rows.tolist(), shape.text("word"), shape.whole("number").tolist()) for shape in shapes] == [
        ([0, 2], "a", [1, 9]),
        ([1], "bb", [22]),
        ([3], "é", [7]),
        ([5], "", [33]),
    ]


def test_a_group_that_found_nothing_is_no_number() -> None:
    (shape,) = shapes_of(array("1"), "^(?P<number>[0-9])(?::(?P<more>[0-9]+))?$")
    assert (shape.text("more"), shape.whole("more").tolist(), shape.text("no such group")) == ("", [0], "")


def test_the_first_digits_may_be_asked_for() -> None:
    (shape,) = shapes_of(array("12:345"), "^(?P<all>[0-9:]+)$")
    assert shape.whole("all", 3).tolist() == [123]


@pytest.mark.parametrize("texts", [[], ["x"], ["1\n"]])
def test_what_does_not_match_has_no_shape(texts: list[str]) -> None:
    assert list(shapes_of(array(*texts), "^[0-9]$")) == []


def test_a_part_of_an_array_has_the_shapes_of_that_part() -> None:
    (shape,) = shapes_of(array("a1", "12", "34", "b5").slice(1, 2), "^(?P<number>[0-9]+)$")
    assert (shape.rows.tolist(), shape.whole("number").tolist()) == ([0, 1], [12, 34])
