"""Names with settings behind them: numbers, words, lists, and names with settings again."""

from __future__ import annotations

import pytest

from lamina.errors import InvalidSettingError
from lamina.losses import Quantile, get_loss
from lamina.model.named_settings import read_named, split_name
from lamina.schedules import Step, WarmUp, get_schedule


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a", {}),
        ("a:b=1", {"b": 1}),
        ("a: b = 1 , c = true", {"b": 1, "c": True}),
        ("a:b=0.05,0.5,0.95", {"b": [0.05, 0.5, 0.95]}),
        ("a:b=1,2,c=3", {"b": [1, 2], "c": 3}),
        ("a:b=[1,2],c=x", {"b": [1, 2], "c": "x"}),
        ("a:b=(1)", {"b": [1]}),
        ("a:b=c:d=1", {"b": {"kind": "c", "d": 1}}),
        ("a:b=(c:d=1,e=2),f=none", {"b": {"kind": "c", "d": 1, "e": 2}, "f": None}),
        ("a:b=(c:d=(e:f=1)),g=2", {"b": {"kind": "c", "d": {"kind": "e", "f": 1}}, "g": 2}),
    ],
)
def test_settings_are_read(text: str, settings: dict[str, object]) -> None:
    assert split_name(text) == ("a", settings)


@pytest.mark.parametrize("text", ["a:", "a:b", "a:b=", "a:b=1,", "a:,b=1", "a:1,b=2", "a:=1", "a:(1)"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="must have the form name:setting=value,setting=value, got"):
        split_name(text)


@pytest.mark.parametrize("text", ["a:b=(1", "a:b=1)", "a:b=[1,c=2", "a:b=)1("])
def test_parentheses_must_close(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="must close every parenthesis that it opens"):
        split_name(text)


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="the setting 'b' must be given once, got 'a:b=1,b=2'"):
        split_name("a:b=1,b=2")


def test_levels_and_schedules_within_schedules_can_be_said() -> None:
    assert read_named("quantile:levels=0.05,0.5,0.95", get_loss) == Quantile((0.05, 0.5, 0.95))
    made = read_named("warm_up:steps=5,then=(step:epochs=3,factor=0.5)", get_schedule)
    assert made == WarmUp(5, Step(3, 0.5))
