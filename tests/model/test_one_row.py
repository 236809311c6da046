"""One row is predicted from a dict, a tuple, a list, a series or a frame of one row, as it is in a table."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina import TableModel, TabularClassifier, TabularRegressor, fit_table
from lamina.data import DataWarning
from lamina.errors import DataError
from lamina.model import StoppingSettings, TableSettings

RNG = np.random.default_rng(0)
N = 200
FRAME = pd.DataFrame(
    {
        "size": RNG.uniform(20, 200, N).round(1),
        "rooms": RNG.integers(1, 6, N),
        "town": RNG.choice(["Rome", "Oslo", "Bern"], N),
        "price": [f"${x:,.2f}" for x in RNG.uniform(1e3, 1e5, N)],
        "built": [f"{1 + i % 28:02d}.{1 + i % 12:02d}.20{10 + i % 14}" for i in range(N)],
        "garden": np.where(RNG.random(N) > 0.5, "yes", "no"),
        "code": [f"c{i % 40}" for i in range(N)],  # so many that features are sparse
    }
)
FRAME.loc[::17, "town"] = None
RENT = 10 * FRAME["size"] + 20 * FRAME["rooms"]
DEAR = np.where(RENT.median() < RENT, "dear", "cheap")
pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")


@pytest.fixture(scope="module")
def classifier() -> TabularClassifier:
    return TabularClassifier(hidden=8, max_epochs=3, random_state=0).fit(FRAME, DEAR)


@pytest.fixture(scope="module")
def regressor() -> TabularRegressor:
    return TabularRegressor(hidden=8, max_epochs=3, random_state=0).fit(FRAME, RENT)


def ways_to_give(i: int) -> dict[str, Any]:
    record = pl.from_pandas(FRAME).row(i, named=True)
    return {
        "a dict": record,
        "a list of one dict": [record],
        "a tuple": tuple(record.values()),
        "a list": list(record.values()),
        "a row of pandas": FRAME.iloc[i],
        "a frame of pandas": FRAME[i : i + 1],
        "a frame of polars": pl.from_pandas(FRAME)[i],
        "a frame of pyarrow": pa.Table.from_pandas(FRAME)[i : i + 1],
        "in any order": dict(reversed(record.items())),
    }


@pytest.mark.parametrize("way", ways_to_give(0))
def test_a_row_is_predicted_as_in_a_table(way: str, classifier: TabularClassifier, regressor: TabularRegressor) -> None:
    for i in (0, 5, 17):
        given = ways_to_give(i)[way]
        table = classifier.model_.read(FRAME[i : i + 1])
        for model in (classifier, classifier.model_):
            assert model.predict_proba(given).tobytes() == classifier.model_.predict_proba(table).tobytes()
            assert model.predict_proba(given).shape == (1, 2)
            assert model.predict(given).tolist() == classifier.model_.predict(table).tolist()
        numbers = regressor.model_.predict(regressor.model_.read(FRAME[i : i + 1]))
        for shell in (regressor, regressor.model_):
            assert shell.predict(given).tobytes() == numbers.tobytes()
            assert shell.predict(given).shape == (1,)


def test_the_type_of_labels_is_that_of_a_table(classifier: TabularClassifier) -> None:
    assert classifier.predict(FRAME.iloc[0]).dtype == classifier.predict(FRAME[:3]).dtype


def test_dicts_in_a_list_are_the_rows_of_a_table(classifier: TabularClassifier) -> None:
    records = FRAME[:5].to_dict("records")
    del records[3]["town"]  # missing in this row
    expected = classifier.predict_proba(pd.DataFrame(records))
    assert classifier.predict_proba(records).tobytes() == expected.tobytes()
    assert classifier.model_.predict_proba(records).tobytes() == expected.tobytes()


def test_a_model_file_of_a_table_leaves_the_target_out() -> None:
    settings = TableSettings(stopping=StoppingSettings(max_epochs=2))
    model = fit_table(FRAME.assign(dear=DEAR), "dear", settings=settings).model
    row = FRAME.assign(dear=DEAR).iloc[3]
    with pytest.warns(DataWarning, match="ignored 1 column that the model was not trained on: 'weight'"):
        assert model.predict({**row, "weight": 3}).tolist() == model.predict(FRAME[3:4]).tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 3.0}, "none named 'rooms', 'town', 'price', 'built', 'garden', 'code'"),
        ({}, "a row must have at least one column"),
        ({1: 2}, "column names must be text, got 1"),
        (
            (1.0, 2),
            r"a row must hold a value for each of the 7 columns of training \(size, rooms, town, price, built, …\), got",
        ),
        ({**FRAME.iloc[0], "rooms": "many"}, r"column 'rooms' must hold numbers, as in training, got 'many' \(row 1\)"),
        ({**FRAME.iloc[0], "built": [1]}, "column 'built' must hold dates, as in training, got"),
        ([{"size": 1}, (1, 2)], "rows must all be dicts, got tuple as row 2"),
        (pd.concat([FRAME.iloc[0], FRAME.iloc[1]]), "column names must be unique, got 'size' as columns 1 and 8"),
    ],
)
def test_what_is_no_row_is_called_so(given: Any, message: str, classifier: TabularClassifier) -> None:
    for model in (classifier, classifier.model_):
        with pytest.raises(DataError, match=message):
            model.predict(given)


def test_arrays_stay_arrays(classifier: TabularClassifier) -> None:
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert len(classifier.predict(FRAME[:2].to_numpy().tolist())) == 2
    X = FRAME[["size", "rooms"]].to_numpy()
    of_arrays = TabularClassifier(hidden=4, max_epochs=2).fit(X, DEAR)
    assert len(of_arrays.predict([[80.0, 3.0]])) == 1
    for flat in ((80.0, 3.0), [80.0, 3.0], X[0], {"x0": 80.0, "x1": 3.0}):
        with pytest.raises(DataError, match="Expected 2D array"):
            of_arrays.predict(flat)


def test_a_series_that_is_a_column_is_no_row(classifier: TabularClassifier) -> None:
    with pytest.raises(DataError, match="2-dimensional"):
        classifier.predict(FRAME["size"])


def test_what_is_known_of_values_is_not_stored(classifier: TabularClassifier) -> None:
    before = pickle.dumps(classifier.model_)
    classifier.predict(FRAME.iloc[0])
    assert pickle.dumps(classifier.model_) == before
    again: TableModel = pickle.loads(before)
    assert again.predict(FRAME.iloc[0]).tolist() == classifier.predict(FRAME.iloc[0]).tolist()


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
@pytest.mark.parametrize("value", [10**400, "\ud800", {"a": 1}, b"x", 1j, float("nan"), [1, 2]])
def test_what_a_column_of_no_use_holds_is_no_error_in_rows_and_tables(value: Any) -> None:
    table = pd.DataFrame(
        {"x": [1.0, 2.0, 3.0, 4.5] * 10, "constant": "a", "note": ["a", "b"] * 20, "y": [1.5, 2.0, 3.0, 4.0] * 10}
    )
    model = TabularRegressor(hidden=4, max_epochs=2, kinds={"note": "ignore"}, random_state=0).fit(table, "y")
    plain = model.predict(pd.DataFrame({"x": [1.0, 2.0], "constant": "a", "note": "a"}))
    for name in ("constant", "note", "unknown", "y"):
        rows: list[dict[str, Any]] = [{"x": 1.0, "constant": "a", "note": "a"}, {"x": 2.0, "constant": "a", "note": "a"}]
        rows[0][name], rows[1][name] = value, "x"
        frame = pd.DataFrame({key: pd.Series([row[key] for row in rows], dtype=object) for key in rows[0]})
        for given in (rows, frame.astype({"x": float})):
            assert model.predict(given).tolist() == plain.tolist()
        for one in (rows[0], frame.iloc[:1]):
            assert model.predict(one) == pytest.approx(plain[:1], rel=1e-5)
            assert model.unfamiliar(one).cells.shape == (1, 1)
    with pytest.raises(DataError, match="column 'x' must hold"):
        model.predict([{"x": value, "constant": "a", "note": "a"}, {"x": "a", "constant": "a", "note": "a"}])
