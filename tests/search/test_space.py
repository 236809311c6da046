"""The space of a search."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.errors import InvalidSettingError
from lamina.model import NetworkSettings, OptimizationSettings, TableSettings
from lamina.search import SEARCHABLE, SPACE, Mostly, OneOf, Range
from lamina.search.space import Space


def test_the_usual_space_holds_settings_that_can_be_searched_for() -> None:
    assert set(SPACE) <= set(SEARCHABLE)


def test_the_default_of_each_setting_lies_in_its_range() -> None:
    given = TableSettings().filled().by_name() | {"batch_size": 32, "weight_decay": 0.01}
    for name, draw in SPACE.items():
        if isinstance(draw, Range):
            assert draw.low <= given[name] <= draw.high, name
        else:
            assert isinstance(draw, OneOf)
            assert given[name] in draw.values, name


def test_named_settings_stay() -> None:
    settings = TableSettings(network=NetworkSettings(hidden=(8,)), optimization=OptimizationSettings(learning_rate=0.1))
    assert Space.around(settings).draws.keys() == SPACE.keys() - {"hidden", "learning_rate"}


def test_optimizers_that_compare_losses_get_no_noise() -> None:
    settings = TableSettings(optimization=OptimizationSettings(optimizer="lbfgs"))
    assert set(Space.around(settings).draws) == {"hidden", "activation", "layer_norm"}


def test_a_trial_draws_the_same_whatever_others_there_are_and_another_seed_others() -> None:
    space = Space(SPACE)
    drawn = [space.changes({}, seed=0, trial=number) for number in range(2, 40)]
    assert drawn[7] == space.changes({}, seed=0, trial=9)
    assert drawn != [space.changes({}, seed=1, trial=number) for number in range(2, 40)]


def test_each_setting_is_kept_in_about_every_second_trial() -> None:
    space = Space({name: OneOf((1, 2, 3)) for name in ("members", "bins", "batch_size", "hidden")})
    drawn = [space.changes({}, seed=0, trial=number) for number in range(500)]
    for name in space.draws:
        assert 0.42 < np.mean([name in changes for changes in drawn]) < 0.62
    assert all(drawn)


def test_a_value_that_is_given_already_is_no_change() -> None:
    space = Space({"members": OneOf((1, 4)), "bins": OneOf((0, 16))})
    for number in range(60):
        changes = space.changes({"members": 4, "bins": 16}, seed=0, trial=number)
        assert changes
        assert changes.items() <= {"members": 1, "bins": 0}.items()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "space must name at least one setting"),
        ([1], "space must name at least one setting"),
        ({"dropuot": [0.1]}, "'dropout'"),
        ({"loss": ["huber"]}, "must not vary loss, by which trials are judged"),
        ({"max_epochs": [5]}, "max_epochs"),
        ({"dropout": []}, r"space\['dropout'\] must be a non-empty list of values, or a Range"),
        ({"dropout": 0.1}, "non-empty list"),
        ({"max_epochs": [5]}, "Give it as a setting of all trials"),
        ({"lr": [0.1]}, r"got 'lr'\. Did you mean 'learning_rate'\?$"),
        ({"hidden_layer_sizes": [(8,)]}, r"Did you mean 'hidden'\?$"),
    ],
)
def test_a_bad_space_is_named(given: Any, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        Space.of(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": 2, "high": 1}, "Range: high must be above low, got 1"),
        ({"low": 1, "high": 1}, "Range: high must be above low, got 1"),
        ({"low": 0.0, "high": 0.1, "log": True}, "low must be a number > 0, got 0.0. Logarithms are of numbers > 0"),
        ({"low": 0.1, "high": float("inf")}, "high must be a finite number"),
        ({"low": "a", "high": 1}, "low must be a finite number"),
        ({"low": 0, "high": 1, "whole": 3}, "whole must be True or False"),
    ],
)
def test_a_range_without_numbers_between_its_ends_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        Range(**given)


def test_a_choice_among_no_values_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="at least one value"):
        OneOf(())


@pytest.mark.parametrize("draw", [OneOf((1, 5)), Range(1, 5, whole=True), Range(0.25, 5.5), Mostly(0.0, Range(0.5, 0.75))])
def test_examples_bound_what_is_drawn(draw: Any) -> None:
    drawn = [draw.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert min(draw.examples()) <= min(drawn) <= max(drawn) <= max(draw.examples())


def test_nothing_left_to_vary_is_an_error() -> None:
    everything = {name: value for name, value in TableSettings().filled().by_name().items() if name in SPACE}
    with pytest.raises(InvalidSettingError, match="nothing is left to vary"):
        Space.around(TableSettings.of(everything))


@pytest.mark.parametrize(
    ("draw", "low", "high"),
    [(Range(0.0, 0.5), 0.0, 0.5), (Range(1e-4, 1.0, log=True), 1e-4, 1.0), (Range(8, 512, log=True, whole=True), 8, 512)],
)
def test_a_range_is_drawn_from_end_to_end(draw: Range, low: float, high: float) -> None:
    drawn = np.array([draw.draw(np.random.default_rng(seed)) for seed in range(300)], dtype=np.float64)
    assert low <= drawn.min() <= drawn.max() <= high
    middle = np.sqrt(low * high) if draw.log else (low + high) / 2
    assert 0.4 < np.mean(drawn < middle) < 0.6
    assert draw.whole == bool((drawn == drawn.round()).all())


def test_mostly_draws_its_value_in_every_second_case() -> None:
    drawn = [Mostly(0.0, Range(0.1, 0.5)).draw(np.random.default_rng(seed)) for seed in range(300)]
    assert 0.4 < np.mean(np.array(drawn) == 0.0) < 0.6


def test_the_page_tells_the_space() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "searching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(SPACE)
    for name, told in rows:
        assert told == _told(SPACE[name]), name


def _told(draw: Any) -> str:
    if isinstance(draw, Range):
        return f"{draw.low:g} to {draw.high:g}" + (", by its logarithm" if draw.log else "")
    values = draw.values
    if isinstance(values[0], bool):
        return ", ".join("on" if value else "off" for value in values)
    if isinstance(values[0], tuple):
        separator = "; " if any(len(value) > 1 for value in values) else ", "
        return separator.join(",".join(map(str, value)) for value in values)
    return ", ".join(f"{value:g}" for value in values)
