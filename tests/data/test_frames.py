"""Frames of any library are checked once, and their Arrow columns made plain."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina.data import TableEncoder
from lamina.data.arrow_tables import as_columns
from lamina.errors import DataError


def with_arrow_types(column: pa.Array) -> pd.DataFrame:
    return pa.table({"a": column}).to_pandas(types_mapper=pd.ArrowDtype).set_axis([7, 7, 8])


@pytest.mark.parametrize(
    ("rare", "plain"),
    [
        (pa.array(["x", None, "y"], pa.string_view()), pa.array(["x", None, "y"])),
        (pa.array([1.5, None, 2.0], pa.float16()), pa.array([1.5, None, 2.0])),
        (pa.array([1500, None, 500], pa.duration("ns")), pa.array([1.5, None, 0.5])),
        (pa.array([0, None, 2**20], pa.int32()).cast(pa.date32()), pa.array([0, None, 2**20 * 86_400], pa.timestamp("s"))),
        (pa.array([2**60 + 1, None, 5]), pa.array([2.0**60, None, 5.0])),
    ],
)
def test_arrow_types_inside_pandas_are_made_plain_and_rows_stay_in_order(rare: pa.Array, plain: pa.Array) -> None:
    expected = TableEncoder(min_count=1).fit_transform(pa.table({"a": plain}))
    assert np.array_equal(TableEncoder(min_count=1).fit_transform(with_arrow_types(rare)), expected)


def test_damage_inside_pandas_is_refused_by_whoever_uses_the_column() -> None:
    codes = pa.DictionaryArray.from_arrays(pa.array([0, 9, 1], pa.int8()), pa.array(["x", "y"]), safe=False)
    with pytest.raises(DataError, match="people: every column must be intact, got damaged data in 'a'"):
        as_columns(with_arrow_types(codes), owner="people")["a"]


def test_times_of_several_zones_are_taken_in_utc() -> None:
    utc, elsewhere = datetime.UTC, datetime.timezone(datetime.timedelta(hours=5))
    mixed = [datetime.datetime(2024, 1, 1, 9, tzinfo=utc), datetime.datetime(2024, 1, 1, 9, tzinfo=elsewhere), None]
    plain = [datetime.datetime(2024, 1, 1, 9), datetime.datetime(2024, 1, 1, 4), None]
    frames = [pd.DataFrame({"a": pd.Series(column, dtype=object)}) for column in (mixed, plain)]
    assert np.array_equal(*(TableEncoder().fit_transform(frame) for frame in frames))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: {"a": [1]}, "must be a data frame of pandas, polars or pyarrow, got dict"),
        (lambda: pl.Series("a", [1]), "must be a data frame of pandas, polars or pyarrow, got Series"),
        (
            lambda: pl.LazyFrame({"a": [1]}),
            r"must be a data frame that holds its rows, got LazyFrame\. Call collect\(\) on it first",
        ),
        (pl.DataFrame, "must have at least one column, got none"),
        (lambda: pd.DataFrame(index=[1, 2]), "must have at least one column, got none"),
        (lambda: pa.table({"a": pa.array([], pa.int8())}), "must have at least one row, got none"),
    ],
)
def test_what_is_no_table_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DataError, match=f"people: a table {message}"):
        as_columns(make(), owner="people")


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_whole_numbers_beyond_all_floats_are_refused_by_name(value: int) -> None:
    with pytest.raises(DataError, match=r"column 'a' must hold numbers that a float can hold, got -?1000"):
        TableEncoder().fit(pd.DataFrame({"a": pd.Series([value, 1, 2], dtype=object)}))
