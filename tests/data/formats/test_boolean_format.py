"""Pairs of words for yes and no."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.formats import BooleanFormat, learn_boolean_format
from lamina.data.formats.boolean_format import WORDS


def array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


@pytest.mark.parametrize(("yes", "no"), WORDS)
def test_each_pair_is_read_in_any_case(yes: str, no: str) -> None:
    texts = array(no.upper(), yes, yes.title(), no)
    found = learn_boolean_format(texts)
    assert found == (BooleanFormat(yes, no), "")
    assert found.format.describe() == f"{yes}/{no}"
    truth, fits = found.format.parse(texts)
    assert truth.tolist() == [False, True, True, False]
    assert fits.all()


@pytest.mark.parametrize(
    "texts",
    [["yes"], ["no"], ["yes", "nein"], ["yes", "no", "maybe"], ["y", "no"], ["ja", "n"], ["1", "0"], ["oui", "no"], ["x"]],
)
def test_other_words_have_no_format(texts: list[str]) -> None:
    assert learn_boolean_format(array(*texts)) is None


def test_an_accent_may_be_left_out() -> None:
    texts = array("Sí", "si", "NO", "si\u0301")
    found = learn_boolean_format(texts)
    assert found == (BooleanFormat("sí", "no"), "")
    assert found.format.parse(texts)[0].tolist() == [True, True, False, True]
    assert BooleanFormat("si", "no").parse(array("sí", "no", "s"))[1].tolist() == [True, True, False]


def test_a_column_of_many_words_has_no_format() -> None:
    assert learn_boolean_format(array("yes", "no", *map(str, range(5000)))) is None


@given(st.lists(st.sampled_from([word for pair in WORDS for word in pair]), min_size=1, max_size=4, unique=True), st.randoms())
def test_the_order_of_texts_does_not_matter(texts: list[str], rng) -> None:
    found = learn_boolean_format(array(*texts))
    rng.shuffle(texts)
    assert learn_boolean_format(array(*texts)) == found
    assert found is None or found.format.parse(array(*texts))[1].all()
