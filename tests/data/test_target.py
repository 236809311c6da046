"""The task is read off the target column, and a target that cannot be learnt is refused."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lamina.data import Target, Task, target_column
from lamina.errors import DataError


def fit(values: list[Any], task: Task = "auto") -> Target:
    return Target.fit(target_column(pa.table({"y": values}), "y"), task)


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a", "b"], "classification", ("a", "b")),
        ([True, False, True], "classification", ("false", "true")),
        ([10, 2] * 10, "classification", ("2", "10")),
        ([1.0, 0.0] * 10, "classification", ("0", "1")),
        ([0.5, 1.0] * 10, "regression", ()),
        ([Decimal("1.00"), Decimal(0)] * 10, "classification", ("0", "1")),
        ([Decimal("1.25"), Decimal(0)] * 10, "regression", ()),
        (list(range(100)), "regression", ()),
        ([1, 2, 1, 2], "regression", ()),
    ],
)
def test_the_task_follows_from_the_values(values: list[Any], task: str, classes: tuple[str, ...]) -> None:
    target = fit(values)
    assert (target.task, target.classes) == (task, classes)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (list(range(10)) * 20, "holds 10 distinct whole numbers, taken for classes; if they are not, say task='regression'"),
        (list(range(30)) * 20, "taken for quantities; if they are not, say task='classification' (--task classification)"),
        (list(range(500)) * 5, ""),
        ([0, 1] * 50, ""),
        ([0.5, 1.0, 1.5] * 50, ""),
    ],
)
def test_whole_numbers_that_may_be_either_are_said(values: list[Any], said: str) -> None:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        fit(values)
    assert said in "".join(str(found.message) for found in notes)
    assert bool(notes) == bool(said)


def test_missing_values_do_not_count() -> None:
    assert fit(["a", None, "b", "a"]).classes == ("a", "b")


@pytest.mark.parametrize("values", [["b", "a", "b"], [10, 2] * 10, [True, False, True]])
def test_classes_survive_encoding_and_json(values: list[Any]) -> None:
    target = Target.from_dict(fit(values).to_dict())
    series = target_column(pa.table({"y": values}), "y")
    decoded = target.decode(target.encode(series)).tolist()
    assert decoded == values


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (["a", "a"], "auto", "must have at least two classes, got only a in 2 rows"),
        (["a", "b", "c"], "auto", "must have a class with two rows or more, got 3 classes with one row each"),
        ([None, None], "auto", "must hold values, got none in 2 rows"),
        (
            ["1", "2", "x"],
            "regression",
            r"must hold numbers for regression, got 'x' \(row 3\)\. Correct it, or use the task classification",
        ),
        ([1.0, float("inf")], "regression", r"must hold finite numbers of at most 1e\+100 in size, got inf in 1 of 2 rows"),
        ([1.0, -1e300], "auto", r"must hold finite numbers of at most 1e\+100 in size, got -1e\+300"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(values: list[Any], task: Task, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(values, task)


def test_a_target_that_is_not_there_suggests_the_nearest_column() -> None:
    with pytest.raises(DataError, match=r"target must be a column of the table, got 'incom'\. Did you mean 'income'\?"):
        target_column(pa.table({"age": [1], "income": [2]}), "incom")
    with pytest.raises(DataError, match=r"got 'xyz'\. The columns are 'age'\."):
        target_column(pa.table({"age": [1]}), "xyz")


def test_a_class_that_training_did_not_have_is_refused() -> None:
    with pytest.raises(DataError, match=r"must hold the classes of training \('a', 'b'\), got 'c'"):
        fit(["a", "b", "a"]).encode(target_column(pa.table({"y": ["c"]}), "y"))


def test_numbers_may_stand_for_truth_values() -> None:
    target = fit([True, False, True])
    for values in ([1, 0], [1.0, 0.0], ["True", "FALSE"], ["1", "0"]):
        assert target.encode(target_column(pa.table({"y": values}), "y")).tolist() == [1, 0]
    with pytest.raises(DataError, match="got '2'"):
        target.encode(target_column(pa.table({"y": [2, 0]}), "y"))


def test_text_that_spells_numbers_serves_regression() -> None:
    series = target_column(pa.table({"y": ["1", "2.5"]}), "y")
    assert np.array_equal(Target.fit(series, "regression").encode(series), [1.0, 2.5])


def test_classes_that_differ_by_a_null_character_stay_apart() -> None:
    target = fit(["a", "a\0", "a", "a\0"])
    assert target.classes == ("a", "a\0")
    assert target.decode(np.array([1, 0])).tolist() == ["a\0", "a"]


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_numbers_that_are_no_floats_are_refused(value: Any) -> None:
    frame = pd.DataFrame({"y": pd.Series([value, 1, 2], dtype=object)})
    with pytest.raises(DataError, match="must hold numbers"):
        Target.fit(target_column(frame, "y"), "regression")


@pytest.mark.parametrize("odd", [["big"], ["big", "about 3"]])
def test_a_few_texts_among_numbers_are_named_and_not_learned_as_classes(odd: list[str]) -> None:
    values = [*(str(i / 7) for i in range(300)), *odd]
    with pytest.raises(
        DataError, match=rf"target 'y' must hold numbers or classes, but {len(odd)} of 30\d fields are not numbers"
    ):
        fit(values)
    assert len(fit(values * 2, "classification").classes) == len(values)


def test_a_few_texts_among_few_numbers_are_classes() -> None:
    assert fit(["1", "2", "3"] * 20 + ["other"] * 2).classes == ("1", "2", "3", "other")
