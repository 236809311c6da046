"""A value means beside others what it means alone, whatever types come together and in which order."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lamina import TabularRegressor
from lamina.data import TableEncoder
from lamina.data.column_reader import ColumnReader
from lamina.data.formats import BooleanFormat, NumberFormat
from lamina.data.pandas_columns import objects_column
from lamina.errors import DataError
from lamina.model import StoppingSettings, TableSettings, fit_table

GERMAN = NumberFormat(decimal=",", thousands=".", prefix="", suffix="")
READERS = {
    "numbers": ColumnReader("x", "number", "number", NumberFormat()),
    "numbers with a decimal comma": ColumnReader("x", "number", "number", GERMAN),
    "numbers with a marker": ColumnReader("x", "number", "number", NumberFormat(), missing=("1", "-7")),
    "truth values": ColumnReader("x", "boolean", "boolean", BooleanFormat("yes", "no")),
    "categories of numbers": ColumnReader("x", "category", "number", GERMAN),
    "categories of truth values": ColumnReader("x", "category", "boolean", BooleanFormat("yes", "no")),
    "categories": ColumnReader("x", "category", "text"),
}
VALUES: tuple[Any, ...] = (
    True,
    False,
    np.True_,
    1,
    0,
    1.234,
    -7,
    2**53 + 1,
    Decimal("1.250"),
    "1.234,5",
    "1",
    "yes",
    "a",
    None,
    float("nan"),
)


def column(values: list[Any]) -> Any:
    return objects_column("x", np.fromiter(values, object, len(values)))


def meaning(reader: ColumnReader, values: list[Any]) -> list[Any]:
    """What each value is read as; an error's name where it is none."""
    try:
        read = reader.read(column(values))
    except DataError:
        return ["refused"]
    if read.names is None:
        return [None if missing else value for value, missing in zip(read.array.tolist(), read.missing, strict=True)]
    return [None if code < 0 else read.names[code] for code in read.array.tolist()]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_a_value_means_beside_others_what_it_means_alone(reader: ColumnReader) -> None:
    alone = [meaning(reader, [value])[0] for value in VALUES]
    taken = [i for i, found in enumerate(alone) if found != "refused"]
    for places in (*permutations(taken, 2), taken, taken[::-1]):
        assert meaning(reader, [VALUES[i] for i in places]) == [alone[i] for i in places], [VALUES[i] for i in places]


def test_the_error_of_a_mixed_column_names_the_row() -> None:
    with pytest.raises(DataError, match=r"must hold numbers, as in training, got 'old' \(row 3\)"):
        READERS["numbers"].read(column([1.5, True, "old"]))


def test_truth_values_among_numbers_are_learned_as_1_and_0_in_any_order() -> None:
    values = [True, 2.5, False, 3] * 3
    for rows in (values, values[::-1]):
        read = TableEncoder(min_count=1).learn(pd.DataFrame({"x": pd.Series(rows, dtype=object)}))
        assert read["x"].kind == "number"
        assert read["x"].array.tolist() == [float(value) for value in rows]


def test_truth_values_among_numbers_are_a_target_of_numbers() -> None:
    X = pd.DataFrame({"x": np.arange(40.0)})
    y = [True, 2.5, 0.25, False] * 10
    as_numbers = TabularRegressor(hidden=4, max_epochs=1, random_state=0).fit(X, [float(value) for value in y])
    for given in (pd.Series(y, dtype=object), np.array(y, dtype=object)):
        model = TabularRegressor(hidden=4, max_epochs=1, random_state=0).fit(X, given)
        assert model.predict(X).tolist() == as_numbers.predict(X).tolist()


def test_a_model_predicts_a_truth_value_among_numbers_as_alone_from_dicts_lists_and_frames() -> None:
    table = pa.table({"x": [0.0, 1.0, 2.5, 4.0] * 10, "y": [1.5, 2.0, 3.0, 4.0] * 10})
    model = fit_table(table, "y", settings=TableSettings(stopping=StoppingSettings(max_epochs=2))).model
    alone = [model.predict({"x": value})[0] for value in (True, 2.5)]
    one = pytest.approx(alone[0], rel=1e-5)  # the last digit depends on the size of a batch
    both = pytest.approx(alone, rel=1e-5)
    assert model.predict([{"x": True}, {"x": 2.5}]).tolist() == both
    assert model.predict([{"x": 2.5}, {"x": True}])[::-1].tolist() == both
    assert model.predict(pd.DataFrame({"x": pd.Series([True, 2.5], dtype=object)})).tolist() == both
    assert model.predict(pd.DataFrame({"x": [True]}))[0] == one
    assert model.predict((True,))[0] == one
    assert model.predict({"x": 1})[0] == one


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([10**400, 1.0], "column 'x0' must hold numbers that a float can hold"),
        ([True, 10**400], "column 'x0' must hold numbers that a float can hold"),
        (["\ud800", True], r"column 'x0' must hold text that UTF-8 can write, got '\\ud800'"),
        ([1j, 1], "must hold numbers, as in training, got '1j'"),
        ([b"x", True], r"must hold numbers, as in training, got \"b'x'\""),
    ],
)
def test_an_array_of_objects_that_are_no_numbers_is_refused(values: list[Any], said: str) -> None:
    model = TabularRegressor(hidden=4, max_epochs=1, random_state=0).fit(np.arange(40.0)[:, np.newaxis], np.arange(40.0))
    with pytest.raises(DataError, match=said):
        model.predict(np.array(values, dtype=object)[:, np.newaxis])


def test_missing_values_of_pandas_may_stand_in_arrays_of_objects() -> None:
    model = TabularRegressor(hidden=4, max_epochs=1, random_state=0).fit(np.arange(40.0)[:, np.newaxis], np.arange(40.0))
    given = np.array([pd.NA, True, 2.5, pd.NaT, None], dtype=object)[:, np.newaxis]
    assert model.predict(given).tolist() == model.predict(np.array([[np.nan], [1.0], [2.5], [np.nan], [np.nan]])).tolist()


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_tables_with_mixed_columns_are_learned_measured_and_reported_on() -> None:
    mixed = [True, "a", 3, "b"] * 10
    table = pd.DataFrame({"x": pd.Series([True, 2.5, 0.25, False] * 10, dtype=object), "t": pd.Series(mixed, dtype=object)})
    table["y"] = pd.Series([True, 2.5, 0.25, False] * 10, dtype=object)
    model = fit_table(table, "y", settings=TableSettings(stopping=StoppingSettings(max_epochs=2))).model
    assert [(row.column, row.kind) for row in model.columns_] == [("x", "number"), ("t", "category")]
    plain = table.assign(x=table["x"].astype(float), y=table["y"].astype(float))
    assert model.evaluate(table) == model.evaluate(plain)
    assert "'y'" in str(model.report(table, diagnosis=False))
