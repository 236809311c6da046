"""A table is read as a training reads it: how values are spelled is learned of all rows, before some are held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import TabularClassifier, TabularRegressor, diagnose, treat
from lamina.data import TableEncoder
from lamina.doctor.patients import admit
from lamina.doctor.patients.reading import read_numbers, read_once
from lamina.errors import DataError
from lamina.model import TableSettings

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")

RNG = np.random.default_rng(0)
WORDS = np.array(["tea", "cup", "the", "good", "bad", "of", "and", "never", "warm", "cold", "soup", "fish", "milk", "bread"])


def shop(count: int = 160) -> pd.DataFrame:
    """A column of every kind, spelled by hand; one price alone has a thousands mark."""
    rng = np.random.default_rng(1)
    cents = rng.uniform(1, 900, count)
    frame = pd.DataFrame(
        {
            "price": [f"${value:.2f}" for value in cents],
            "zip": rng.choice(["007", "12", "13.0"], count),
            "paid": rng.choice(["yes", "no"], count),
            "day": [f"{day:02d}/{month:02d}/2024" for day, month in rng.integers(1, 12, (count, 2))],
            "color": rng.choice(["red", "RED", "blue", "green", "?"], count),
            "review": [" ".join(rng.choice(WORDS, 7)) for _ in range(count)],
            "size": rng.normal(size=count),
            "nothing": None,
            "class": np.where(cents > 450, "dear", "cheap"),
        }
    )
    frame.loc[0, "day"] = "31/01/2024"
    return frame


FAST: dict[str, Any] = {"hidden": (4,), "max_epochs": 3, "members": 1, "random_state": 0}
READING: dict[str, Any] = {"kinds": {"zip": "category", "size": "ignore"}, "missing": ("?",), "fold_case": True}


@pytest.mark.parametrize("row", range(0, 160, 20))
def test_a_spelling_that_one_row_alone_shows_is_known_wherever_that_row_goes(row: int):
    frame = shop()[["price", "size", "class"]]
    frame.loc[row, "price"] = "$1,320.92"
    assert diagnose(TabularClassifier(**FAST), frame, "class").case.outcome.held_out > 0


def test_a_treatment_reads_so_too_and_gives_back_what_the_user_has():
    frame = shop()[["price", "zip", "size", "class"]]
    frame.loc[[3, 50], "price"] = "$1,320.92"
    model = TabularClassifier(**FAST, kinds={"zip": "category"})
    treatment = treat(model, frame, "class", budget=8, seeds=2, control=False)
    assert treatment.model.kinds == {"zip": "category"}
    treatment.model.fit(frame, "class", **treatment.fit_settings)


def test_what_was_read_is_learned_as_the_table_itself():
    frame = shop()
    X, y = frame.drop(columns="class"), frame["class"]
    table, kinds = read_once(X, TableSettings.of(TabularClassifier(**READING).get_params(deep=False)), owner="test")
    assert kinds == {"review": "text"}
    assert "nothing" not in table.column_names
    given = TabularClassifier(**FAST, **READING).fit(X, y)
    read = TabularClassifier(**FAST, **{**READING, "kinds": kinds}).fit(table, y)
    assert [column.kind for column in read.model_.encoder.encoders_] == [column.kind for column in given.model_.encoder.encoders_]
    assert read.model_.encoder.get_feature_names_out().tolist() == given.model_.encoder.get_feature_names_out().tolist()
    assert np.array_equal(read.predict_proba(table), given.predict_proba(X))


def test_no_part_of_it_is_read_again():
    frame = shop()
    X = frame.drop(columns="class")
    patient, table, y = admit(TabularClassifier(**FAST, **READING), owner="test").as_read(X, np.asarray(frame["class"]))
    part = table.take(np.arange(20))  # of which nothing could be learned
    encoder = TableEncoder(kinds=patient.kinds).fit(table)
    assert np.array_equal(encoder.transform(part), encoder.transform(table)[:20])
    assert patient.changed({"batch_norm": True}).seeded(3).prolonged(2.0).kinds == patient.kinds
    assert patient.model().kinds == READING["kinds"]
    assert y.tolist() == frame["class"].tolist()


def test_numbers_stay_as_they_are_and_names_of_arrays_too():
    X = RNG.normal(size=(30, 2))
    patient = admit(TabularRegressor(**FAST), owner="test")
    assert patient.as_read(X, X[:, 0])[1] is X
    mixed = np.array([["a", 1.0], ["b", 2.0]] * 20, dtype=object)
    assert patient.as_read(mixed, np.arange(40.0))[1].column_names == ["x0", "x1"]


@pytest.mark.parametrize("of", [lambda y: y, lambda y: np.column_stack([y, y])], ids=["one", "two"])
def test_numbers_to_predict_may_be_spelled(of: Any):
    numbers = np.array([5.5, 1320.92, 7.0])
    spelled = of(np.array(["$5.50", "$1,320.92", "$7.00"], dtype=object))
    assert read_numbers(spelled, TableSettings(), owner="test").tolist() == of(numbers).tolist()


def test_a_missing_number_to_predict_is_said():
    with pytest.raises(DataError, match="TabularRegressor: y "):
        read_numbers(np.array(["$5.50", None, "$7.00"], dtype=object), TableSettings(), owner="TabularRegressor")


def test_a_report_examines_a_model_whose_target_is_spelled():
    frame = shop()[["price", "size"]].assign(copy=shop()["price"].str.removeprefix("$").astype(float))
    frame.loc[7, "price"] = "$1,320.92"
    told = TabularRegressor(**FAST).fit(frame, "price").report(frame)
    assert "Held-out R²" in str(told)
