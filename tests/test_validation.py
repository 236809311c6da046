"""Rules for parameters, and the one check that reports every wrong value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina.validation import (
    InvalidParameterError,
    Rule,
    boolean,
    check_parameters,
    choice,
    function,
    instance,
    integer,
    number,
    one_of,
    sequence_of,
    value,
)

_CASES: list[tuple[Rule, list[object], list[object]]] = [
    (number(0, 1, "left"), [0, 0.0, 0.999, np.float32(0.5), np.int64(0)], [1, 1.0, -0.1, "0.5", None, math.nan, True, [0.5]]),
    (number(0, closed="neither"), [1e-300, 5], [0, 0.0, -1, math.inf, math.nan]),
    (number(0, 1, "right"), [1, 0.5], [0, 1.1]),
    (number(), [-1e300, 0, 1e300], [math.inf, -math.inf, math.nan, "1", None]),
    (integer(1), [1, np.int32(7), 10**30], [0, 1.0, "1", True, None]),
    (integer(0, 5), [0, np.int64(5)], [-1, 6, 2.0, True]),
    (boolean(), [True, False, np.bool_(True)], [0, 1, "True", None]),
    (choice(["a", "b"]), ["a", "b"], ["c", "", None, 0, ["a"]]),
    (value(None), [None], [0, False, "None"]),
    (value(math.inf), [math.inf, float("inf")], [1.0, -math.inf, "inf"]),
    (instance(dict, list), [{}, []], [(), None, dict]),
    (function("x"), [len, lambda x: x], [int, 3, "len"]),
    (sequence_of(integer(1)), [[], [1, 2], (3,), np.array([1, 2])], [3, "12", {1: 2}, [0], [1, "a"], np.array(3)]),
    (sequence_of(integer(1), at_least=1), [[1], (3, 4)], [[], (), [0]]),
    (sequence_of(number(), length=2), [(1, 2), [0.5, -0.5]], [(1,), (1, 2, 3), 5]),
    (one_of(value(None), integer(1)), [None, 4], [0, "x"]),
]


@pytest.mark.parametrize(("rule", "good", "bad"), _CASES, ids=[case[0].text for case in _CASES])
def test_a_rule_accepts_what_its_words_say_and_nothing_else(rule: Rule, good: list[object], bad: list[object]) -> None:
    assert [x for x in good if not rule.accepts(x)] == []
    assert [x for x in bad if rule.accepts(x)] == []


def test_all_wrong_parameters_are_named_at_once_and_the_right_ones_are_not() -> None:
    rules = {"a": number(0, 1), "b": integer(2), "c": boolean()}
    with pytest.raises(InvalidParameterError) as caught:
        check_parameters({"a": 3, "b": 1, "c": True}, rules, owner="Model")
    assert str(caught.value).split("\n") == [
        "Model: a must be a number in [0, 1], got 3.",
        "Model: b must be an integer >= 2, got 1.",
    ]


def test_a_misspelt_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(InvalidParameterError, match="Did you mean 'relu'"):
        check_parameters({"activation": "rleu"}, {"activation": one_of(choice(["relu", "tanh"]), value(None))}, owner="Model")


def test_the_error_can_be_caught_as_either_of_pythons_own() -> None:
    for kind in (ValueError, TypeError):
        with pytest.raises(kind):
            check_parameters({"a": -1}, {"a": number(0)}, owner="Model")


def test_a_parameter_without_a_rule_or_a_rule_without_its_parameter_is_no_error() -> None:
    check_parameters({"free": object()}, {"absent": boolean()}, owner="Model")
