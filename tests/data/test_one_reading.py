"""Equal tables give equal encodings, models and predictions, whatever library or file they come from."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.data import DataWarning, TableEncoder, Target, read_table, target_column, write_table
from lamina.errors import DataError
from lamina.model import NetworkSettings, StoppingSettings, TableSettings, fit_table

NUM_ROWS = 30


def from_file(suffix: str, **options: Any) -> Callable[[pa.Table], pa.Table]:
    def read(table: pa.Table) -> pa.Table:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"table{suffix}"
            write_table(path, table)
            return read_table(path, **options)

    return read


WAYS: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "pandas with Arrow types": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "text as it is written": from_file(".csv", as_text=True),
    "text with types": from_file(".csv"),
    "Parquet": from_file(".parquet"),
    "Feather": from_file(".feather"),
}

WORDS = st.sampled_from(["red", "Red", "blue", "x y", "-", "NA", "?", "", "007", "1", "true", "1,5", "é"])
COLUMNS: tuple[st.SearchStrategy[Any], ...] = (
    st.one_of(st.none(), st.integers(-1000, 1000)),
    st.one_of(st.none(), st.floats(-1e6, 1e6)),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.datetimes(pd.Timestamp(1990, 1, 1), pd.Timestamp(2030, 1, 1))),
    st.one_of(st.none(), WORDS),
    st.integers(0, 5).map(lambda i: f"{i}.0"),
    st.integers(-(10**9), 10**9).map(lambda i: f"${i / 100:,.2f}"),
    st.floats(0, 100).map(lambda x: f"{x:.3f}".replace(".", ",")),
    st.integers(0, 100).map(lambda i: f"{i}%"),
    st.sampled_from(["yes", "no"]),
    st.dates(pd.Timestamp(1990, 1, 1).date(), pd.Timestamp(2030, 1, 1).date()).map(lambda day: f"{day:%d/%m/%Y}"),
    st.one_of(st.sampled_from(["-", "n.a."]), st.integers(0, 99).map(str)),
    st.integers(2**53, 2**63 - 1),
)


@st.composite
def messy_tables(draw: st.DrawFn) -> pa.Table:
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4))
    columns = [draw(st.lists(kind, min_size=NUM_ROWS, max_size=NUM_ROWS)) for kind in kinds]
    # A blank line of a text file with one column is no row.
    return pa.table({"row": range(NUM_ROWS), **{f"column {i}": column for i, column in enumerate(columns)}})


def encoded(table: Any) -> np.ndarray | str:
    try:
        return TableEncoder(min_count=2).fit_transform(table)
    except DataError as error:
        return str(error)


@given(messy_tables())
@example(pa.table({"a": ["7.0", "8.0", "9.0"] * 10}))
@example(pa.table({"a": ["True", "False"] * 15, "b": ["+03.70", "00.5", "1"] * 10}))
def test_every_way_in_gives_the_same_encoding(table: pa.Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        expected = encoded(table)
        for way, convert in WAYS.items():
            found = encoded(convert(table))
            assert type(found) is type(expected), way
            assert np.array_equal(found, expected), way


@given(messy_tables())
def test_an_encoder_reads_other_tables_as_that_of_its_training(table: pa.Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            encoder = TableEncoder(min_count=2).fit(WAYS["text as it is written"](table))
        except DataError:
            return
        expected = encoder.transform(table)
        for way, convert in WAYS.items():
            assert np.array_equal(encoder.transform(convert(table)), expected), way
            if way != "text with types":  # which types follow from a few rows is another matter
                assert np.array_equal(encoder.transform(convert(table.slice(3, 5))), expected[3:8]), way


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
@pytest.mark.parametrize("classes", [["no", "yes"], ["True", "False"], [0, 1], [1.0, 0.0], [True, False], ["1.0", "0.0"]])
def test_models_and_their_predictions_are_the_same_too(classes: list[Any]) -> None:
    rng = np.random.default_rng(0)
    size = rng.normal(size=80).round(3)
    table = pa.table(
        {
            "size": size,
            "price": [f"{1000 * abs(x):,.2f} €" for x in size],
            "day": [f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024" for i in range(80)],
            "kind": [classes[int(x > 0)] for x in size],
        }
    )
    settings = TableSettings(network=NetworkSettings(hidden=(4,)), stopping=StoppingSettings(max_epochs=3))
    expected = fit_table(table, "kind", settings=settings).model
    for way, convert in WAYS.items():
        model = fit_table(convert(table), "kind", settings=settings).model
        assert np.array_equal(model.predict_proba(convert(table)), expected.predict_proba(table)), way
        assert model.evaluate(convert(table)) == expected.evaluate(convert(table)), way


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_free_text_is_encoded_alike_too() -> None:
    rng = np.random.default_rng(0)
    words = ["the", "Tea", "was", "cold", "fresh", "and", "late", "Häagen", "(very)", "“good”"]
    words += ["waiter", "table", "today", "our", "food", "with", "cake", "milk", "nice", "slow"]
    notes = [f"{' '.join(rng.choice(words, 9))}, no. {i}" if i % 7 else None for i in range(100)]
    table = pa.table({"row": range(100), "note": notes})
    expected = TableEncoder().fit(table)
    assert expected.columns_[1].kind == "text"
    for way, convert in WAYS.items():
        found = TableEncoder().fit(convert(table))
        assert np.array_equal(found.transform(convert(table)), expected.transform(table)), way


def test_a_class_is_the_same_however_it_is_written() -> None:
    written = [["True", "False"] * 5, ["true", "false"] * 5, [True, False] * 5]
    for trained in written:
        target = Target.fit(target_column(pa.table({"y": trained}), "y"))
        for other in written:
            assert (
                target.encode(target_column(pa.table({"y": other}), "y")).tolist()
                == target.encode(target_column(pa.table({"y": trained}), "y")).tolist()
            )


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2**60 + 1, 2**60 + 2] * 10),
        np.array([True, False] * 10),
        pd.Series([True, False] * 10, dtype="boolean"),
        pd.Series([3, 1] * 10, dtype="category"),
        pd.Series([0.5, 1.0] * 10, dtype="category"),
        pd.Series([1.0, 0.0] * 10),
        pd.Series(["7", "007"] * 10),
    ],
)
def test_classes_are_given_back_as_what_they_were(labels: Any) -> None:
    series = target_column(pd.DataFrame({"y": labels}), "y")
    target = Target.fit(series, "classification")
    decoded = target.decode(target.encode(series))
    assert decoded.tolist() == list(labels)
    assert [type(value) for value in decoded.tolist()] == [type(value) for value in np.asarray(labels).tolist()]
