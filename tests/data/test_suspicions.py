"""What is odd about a table is said, and nothing is said about tables that are not."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina.data import DataWarning, TableEncoder, Target, target_column
from lamina.data.suspicions import say_suspicions

RNG = np.random.default_rng(0)
NUM_ROWS = 1000
CLASS = RNG.choice(["no", "yes"], NUM_ROWS)
IS_YES = CLASS == "yes"
NOISE = RNG.normal(size=NUM_ROWS)


def say(columns: dict[str, Any], target: Any = CLASS) -> list[str]:
    frame = pd.DataFrame({"noise": NOISE[: len(target)], **columns, "y": target})
    goal = Target.fit(target_column(frame, "y"))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", DataWarning)
        table = TableEncoder().learn(frame.drop(columns="y"))
        found.clear()
        say_suspicions(table, goal, goal.encode(target_column(frame, "y")))
    return [str(warning.message) for warning in found]


@pytest.mark.parametrize(
    ("column", "how"),
    [
        (np.where(IS_YES, NOISE, np.nan), "by whether it is missing"),
        (np.where(IS_YES, "churned", "stays"), "by its categories"),
        (IS_YES, "by its categories"),
        (NOISE + 100 * IS_YES, "by one threshold"),
        (NOISE - 100 * IS_YES, "by one threshold"),
    ],
)
def test_a_column_that_alone_gives_the_class_is_named(column: Any, how: str) -> None:
    (said,) = say({"leak": column})
    assert said.startswith(f"column 'leak' alone gives the class of 100.0% of the rows ({how}): is it known before")


def test_nothing_is_said_of_columns_that_only_help() -> None:
    shop = RNG.integers(0, 900, NUM_ROWS).astype(str)
    assert (
        say(
            {
                "helps": NOISE + IS_YES,
                "missing": np.where(NOISE > 0, NOISE, np.nan),
                "shop": shop,
                "few": RNG.choice(["a", "b"], NUM_ROWS),
            }
        )
        == []
    )


def test_a_rare_class_is_not_explained_by_every_column() -> None:
    assert say({"x": NOISE}, np.where(np.arange(NUM_ROWS) == 5, "yes", np.where(np.arange(NUM_ROWS) == 6, "yes", "no"))) == []


@pytest.mark.parametrize("name", ["id", "customer_id", "customerId", "Row Number", "order-no"])
def test_identifiers_are_named(name: str) -> None:
    assert say({name: RNG.permutation(NUM_ROWS) + 7}) == [
        f"column {name!r} differs in every row, like an identifier: kinds={{{name!r}: 'ignore'}} leaves it out."
    ]


def test_other_numbers_are_no_identifiers() -> None:
    assert say({"humid": RNG.permutation(NUM_ROWS), "id": RNG.integers(0, 50, NUM_ROWS), "no": NOISE}) == []


def test_a_target_with_a_class_for_every_other_row_is_questioned() -> None:
    target = [f"person {i // 2 if i < 20 else i}" for i in range(100)]
    assert say({}, target)[0].startswith("target 'y' has 90 classes in 100 rows: is it a number, or another text in each row?")
