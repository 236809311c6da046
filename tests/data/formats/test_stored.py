"""Formats go to JSON and back, and what describes none is refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.data.formats import (
    BooleanFormat,
    DateFormat,
    DurationFormat,
    NumberFormat,
    format_from_dict,
    format_to_dict,
)
from lamina.errors import InvalidSettingError

FORMATS = [
    NumberFormat(),
    NumberFormat(",", ".", "R$", "µg/m³"),
    NumberFormat(".", "'", "", "‰"),
    DateFormat("mdy"),
    BooleanFormat("sí", "no"),
    DurationFormat(),
    DurationFormat("iso"),
]


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_comes_back_from_json(form) -> None:
    back = format_from_dict(json.loads(json.dumps(format_to_dict(form))))
    assert back == form
    assert type(back) is type(form)


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        {"kind": "colour"},
        {"kind": ["number"]},
        {"kind": "number"},
        {"kind": "number", "decimal": ";", "thousands": "", "prefix": "", "suffix": ""},
        {"kind": "number", "decimal": ",", "thousands": ",", "prefix": "", "suffix": ""},
        {"kind": "number", "decimal": ".", "thousands": "", "prefix": "kg", "suffix": ""},
        {"kind": "number", "decimal": ".", "thousands": "", "prefix": "", "suffix": "5"},
        {"kind": "number", "decimal": ".", "thousands": "", "prefix": "", "suffix": None},
        {"kind": "number", "decimal": ".", "thousands": "", "prefix": "", "suffix": "", "more": 1},
        {"kind": "date", "order": 3},
        {"kind": "boolean", "yes": "yes", "no": "nein"},
        {"kind": "boolean", "yes": "yes"},
        {"kind": "duration", "style": "long"},
    ],
)
def test_what_describes_no_format_is_refused(state: object) -> None:
    with pytest.raises(InvalidSettingError, match="the format"):
        format_from_dict(state)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (NumberFormat(), "5"),
        (NumberFormat(prefix="$"), "$5"),
        (DateFormat("ymd"), "2020-01-05"),
        (DateFormat("mdy"), "1/5/2020"),
        (BooleanFormat("yes", "no"), "yes"),
        (DurationFormat(), "1:30"),
    ],
)
def test_what_a_format_reads_is_the_callers_own(form, text: str) -> None:
    for part in form.parse(pa.array([text])):
        assert part.flags.writeable


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.text(max_size=2)))


@given(
    st.sampled_from(FORMATS), st.dictionaries(st.sampled_from(["kind", "decimal", "suffix", "prefix", "yes", "order"]), VALUES)
)
@example(NumberFormat(), {"suffix": "\ud800"})
@example(NumberFormat(), {"prefix": "AAA$"})
def test_a_damaged_dict_gives_a_format_or_one_error(form, damage: dict[str, object]) -> None:
    try:
        back = format_from_dict({**format_to_dict(form), **damage})
    except InvalidSettingError:
        return
    assert format_from_dict(format_to_dict(back)) == back
    assert back.describe()
