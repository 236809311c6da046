"""Forms say what data from a file must look like, and where they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from lamina.errors import InvalidSettingError
from lamina.forms import COMPARABLE, COUNT, REAL, TEXT, AnyOf, ArrayOf, AtLeast, Entries, Maybe, check_form, form_of, like

VECTOR = ArrayOf((2,), np.dtype(np.float32))


@dataclass(frozen=True)
class Inner:
    """A dataclass within another."""

    name: str


@dataclass(frozen=True)
class Outer:
    """Fields of every kind."""

    kind: ClassVar[str] = "outer"
    inner: Inner
    names: tuple[str, ...]
    pair: tuple[int, float]
    mode: Literal["robust", "standard"]
    rate: float | None
    words: dict[str, bool]
    rest: Any


OUTER = {
    "inner": {"name": "a"},
    "names": ["a", "b"],
    "pair": [1, 0.5],
    "mode": "robust",
    "rate": None,
    "words": {"a": True},
    "rest": [{}],
}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (math.nan, REAL),
        (2**60, COUNT),
        (math.inf, COMPARABLE),
        (None, Maybe(TEXT)),
        ("a", Maybe(TEXT)),
        ([], [TEXT]),
        (["a", "b"], [TEXT]),
        (["a", 1], (TEXT, COUNT)),
        ({"a": 1, "b": 2}, AtLeast({"a": COUNT})),
        ({"a": 1, "b": 2}, Entries(COUNT)),
        ({}, {}),
        (np.zeros(2, np.float32), VECTOR),
        (1, AnyOf(TEXT, COUNT)),
        (OUTER, form_of(Outer)),
        ({"best": -1.5, "count": 7, "done": True, "name": "x", "more": {"a": 0}},
         like({"best": math.inf, "count": 0, "done": False, "name": "", "more": {"a": 3}})),
    ],
)  # fmt: skip
def test_values_of_the_form_pass(value: object, form: Any) -> None:
    check_form(value, form, "the value")


@pytest.mark.parametrize(
    ("value", "form", "message"),
    [
        (True, COUNT, "the value must be an integer"),
        (2**61, COUNT, "the value must be an integer"),
        (True, REAL, "the value must be a number, got True"),
        (10**1200, REAL, r"the value must be a number, got 1000.* \(1,201 characters\)"),
        (1 << 20_000, REAL, "the value must be a number, got a int that cannot be shown"),
        (math.nan, COMPARABLE, "the value must be a number, not NaN, got nan"),
        (1, Maybe(TEXT), "the value must be a string, got 1"),
        ({}, [TEXT], "the value must be a list, got {}"),
        ("ab", [TEXT], "the value must be a list, got 'ab'"),
        (["a", 1], [TEXT], "entry 2 of the value must be a string, got 1"),
        (["a"], (TEXT, COUNT), "the value must be a list of 2"),
        ([], {}, r"the value must be a dict, got \[\]"),
        ({}, {"a": TEXT}, r"the value must have the key 'a', got \[\]"),
        ({"a": "x", "b": 1}, {"a": TEXT}, "the value must have no keys other than a, got 'b'"),
        ({"a": {"b": [0, "x"]}}, {"a": {"b": [COUNT]}}, 'entry 2 of "b" of "a" of the value must be an integer'),
        ({"a": "x"}, Entries(COUNT), '"a" of the value must be an integer'),
        (np.zeros(1, np.float32), VECTOR, r"must be an array of shape \(2,\) and dtype float32, got 'float32 \(1,\)'"),
        (np.zeros(2), VECTOR, "and dtype float32, got 'float64"),
        (np.array([1, np.nan], np.float32), VECTOR, "the value must hold finite numbers, got nan"),
        ([0.0, 0.0], VECTOR, "the value must be an array"),
        (0.5, AnyOf(TEXT, COUNT), "the value must be an integer"),
        ({**OUTER, "inner": {"name": 1}}, form_of(Outer), '"name" of "inner" of the value must be a string, got 1'),
        ({**OUTER, "pair": [1]}, form_of(Outer), '"pair" of the value must be a list of 2'),
        ({**OUTER, "mode": "loud"}, form_of(Outer), "\"mode\" of the value must be one of 'robust', 'standard'"),
        ({**OUTER, "rate": math.nan}, form_of(Outer), '"rate" of the value must be'),
        ({**OUTER, "words": {"a": 1}}, form_of(Outer), '"a" of "words" of the value must be True or False'),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_others_are_refused_with_the_place_the_rule_and_what_came(value: object, form: Any, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        check_form(value, form, "the value")
