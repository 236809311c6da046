"""A row alone gives the features, errors and notes of a table of that row, bit for bit."""

from __future__ import annotations

import datetime as dt
import tracemalloc
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import sparse

from lamina.data import TableEncoder
from lamina.data.row import Row, as_rows
from lamina.data.row_encoder import RowEncoder
from lamina.errors import DataError

NUM_ROWS = 30
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1))
# What columns may be learned from.
COLUMNS: tuple[st.SearchStrategy[Any], ...] = (
    st.one_of(st.none(), st.integers(-1000, 1000)),
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1))),
    st.timedeltas(dt.timedelta(0), dt.timedelta(9)),
    st.one_of(st.none(), st.sampled_from(["red", "Red", " blue", "x y", "-", "NA", "", "007", "1", "true", "é"])),
    st.sampled_from(["a", "b"]),
    st.integers(0, 5).map(lambda i: f"{i}.0"),
    st.integers(-(10**6), 10**6).map(lambda i: f"${i / 100:,.2f}"),
    st.floats(0, 100).map(lambda x: f"{x:.3f}".replace(".", ",")),
    st.sampled_from(["yes", "no"]),
    DAYS.map(lambda day: f"{day:%d/%m/%Y}"),
    DAYS.map(str),
    st.sampled_from(["1:30", "26:10:00", "1 day 00:00:01"]),
    st.one_of(st.sampled_from(["-", "n.a."]), st.integers(0, 99).map(str)),
    st.integers(2**53, 2**63 - 1),
    st.decimals(-1000, 1000, places=2),
)
# What a row may hold besides, wherever that is.
ODD: tuple[Any, ...] = (
    *(None, float("nan"), np.nan, pd.NA, pd.NaT, np.float32("nan"), Decimal("NaN")),
    *(True, False, np.True_, 0, 1, -7, 2, 2**63, 2**64, -(2**70), np.int8(3), np.uint64(2**63 + 1)),
    *(0.0, -0.0, 1.0, 0.1, np.float32(0.1), np.float16(0.1), np.longdouble(1), 1e300, -1e300, float("inf"), 1j, Decimal("1.50")),
    *(
        "",
        "?",
        "yes",
        "No",
        "true",
        "1",
        "1.0",
        " red ",
        "RED",
        "unseen",
        "007",
        "1,5",
        "$1,234.50",
        "12%",
        "-999",
        "\ud800",
        "x\0",
    ),
    *("-999", "\ud800", "x\0", "05/01/2020", "2020-01-05", "2020-01-05 10:00", "01:30", "P1D", np.str_("red"), b"red"),
    *(dt.date(2020, 1, 5), dt.datetime(2020, 1, 5, 10), dt.time(10), dt.timedelta(1), pd.Timestamp("2020-01-05", tz="UTC")),
    *(pd.Timestamp(2020, 1, 5, nanosecond=7), pd.Timedelta(1, "ns"), np.datetime64("2020-01-05"), np.timedelta64(1, "s")),
    *([1, 2], {"a": 1}, object),
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"on_error": "missing"},
    {"fold_case": True, "sparse_output": True},
    {"missing": ["-7", "red"], "on_error": "missing"},
    {"min_count": 20, "sparse_output": "auto"},
    {"embed_from": 2},
    {"embed_from": 2, "sparse_output": True},
    {"kinds": {"column 0": "category"}, "scaling": "standard"},
)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5))
    columns = [draw(st.lists(kind, min_size=NUM_ROWS, max_size=NUM_ROWS)) for kind in kinds]
    return pa.table({"row": range(NUM_ROWS), **{f"column {i}": column for i, column in enumerate(columns)}})


def fitted(table: Any, **settings: Any) -> TableEncoder | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return TableEncoder(**{"min_count": 2, **settings}).fit(table)
        except DataError:
            return None


def of_table(encoder: TableEncoder, table: Any) -> tuple[Any, ...]:
    return outcome(lambda: encoder.transform(table))


def outcome(encode: Callable[[], Any]) -> tuple[Any, ...]:
    """The bits of the features, or the error, and what was noted before."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            features = encode()
        except DataError as error:
            return (str(error).replace("TableEncoder", "row"), [str(note.message) for note in noted])
    said = [str(note.message) for note in noted]
    if sparse.issparse(features):
        return ((features.data.tobytes(), features.indices.tolist(), features.indptr.tolist(), features.shape), said)
    return ((features.tobytes(), features.shape, features.dtype), said)


def of_row(rows: RowEncoder, encoder: TableEncoder, given: Any) -> tuple[Any, ...]:
    def encode() -> Any:
        row = as_rows(given, encoder.reader_.names, owner="row")
        assert isinstance(row, Row)
        return rows.encode(row, on_error=encoder.on_error)

    first = outcome(encode)
    assert outcome(encode) == first  # also once values are known
    return first


@given(tables(), st.sampled_from(SETTINGS))
def test_a_row_of_a_table_of_any_library_gives_what_that_table_gives(table: pa.Table, settings: dict[str, Any]) -> None:
    encoder = fitted(table, **settings)
    if encoder is None:
        return
    rows = RowEncoder(encoder.reader_, encoder.encoders_, as_sparse=encoder.is_sparse)
    frames = (table, pl.from_arrow(table), table.to_pandas(), table.to_pandas(types_mapper=pd.ArrowDtype))
    for i in (0, 17):
        for frame in frames:
            one: Any = frame.iloc[i : i + 1] if isinstance(frame, pd.DataFrame) else frame[i : i + 1]  # type: ignore[index]
            assert of_row(rows, encoder, one) == of_table(encoder, one)
        (record,) = table[i : i + 1].to_pylist()
        expected = of_table(encoder, table[i : i + 1])
        assert of_row(rows, encoder, record) == expected
        assert of_row(rows, encoder, tuple(record.values())) == expected


def one_of_objects(record: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(np.fromiter([value], object, 1), dtype=object) for name, value in record.items()})


@given(tables(), st.sampled_from(SETTINGS), st.data())
@example(pa.table({"row": range(30), "column 0": ["a", "b"] * 15}), {}, None)
def test_a_row_of_whatever_values_gives_what_a_frame_of_these_gives(table: pa.Table, settings: dict[str, Any], data: Any) -> None:
    encoder = fitted(table, **settings)
    if encoder is None:
        return
    rows = RowEncoder(encoder.reader_, encoder.encoders_, as_sparse=encoder.is_sparse)
    (record,) = table[:1].to_pylist()
    used = [column.column for column in encoder.encoders_]  # of the others, a row is asked nothing
    odd = [{**record, name: value} for name in used for value in ODD]
    if data is not None:
        # Of several errors, a frame raises first that of a text which no column can hold.
        readable = st.sampled_from([value for value in ODD if not (isinstance(value, str) and value == "\ud800")])
        odd = [{**record, **{name: data.draw(readable) for name in used}} for _ in range(5)]
    for values in odd:
        frame = one_of_objects(values)
        expected = of_table(encoder, frame)
        assert of_row(rows, encoder, values) == expected, values
        assert of_row(rows, encoder, frame) == expected, values


def test_long_texts_are_not_kept() -> None:
    table = pa.table({"word": ["red", "blue"] * 20 + ["rare"], "note": [f"tea n{i} {'sugar' * (i % 2)}" for i in range(41)]})
    encoder = TableEncoder(kinds={"note": "text"}).fit(table)
    rows = RowEncoder(encoder.reader_, encoder.encoders_)
    size, count = 1_000_000, 20
    tracemalloc.start()
    for i in range(count):
        text = f"{i} tea" + "!" * size
        row = {"word": text, "note": text}
        np.testing.assert_array_equal(rows.encode(as_rows(row, [], owner="test")), encoder.transform(pd.DataFrame([row])))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < size * count / 4


def test_threads_share_what_is_known() -> None:
    encoder = fitted(pa.table({"size": range(60), "color": ["red", "blue", "gray"] * 20, "truth": ["yes", "no"] * 30}))
    assert encoder is not None
    rows = RowEncoder(encoder.reader_, encoder.encoders_)
    given = [{"size": i, "color": f" {['red', 'blue', 'gray'][i % 3]}", "truth": ["yes", "no"][i % 2]} for i in range(400)]

    def encoded(values: dict[str, Any]) -> Any:
        row = as_rows(values, encoder.reader_.names, owner="row")
        assert isinstance(row, Row)
        return rows.encode(row).tolist()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(encoded, given))
    assert found == [encoder.transform(one_of_objects(values)).tolist() for values in given]


@pytest.mark.parametrize("settings", SETTINGS[2:4])
def test_every_kind_of_column_takes_every_odd_value_as_a_frame_does(settings: dict[str, Any]) -> None:
    dates = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/2020" for i in range(60)]
    table = pa.table(
        {
            "column 0": [float(i % 7) for i in range(60)],
            "whole": [i % 5 for i in range(60)],
            "truth": [i % 3 == 0 for i in range(60)],
            "yes": ["yes", "no", "no"] * 20,
            "day": [dt.date(2020, 1, 1 + i % 28) for i in range(60)],
            "written": dates,
            "price": [f"${1000 + i:,}.50" for i in range(60)],
            "color": ["red", "blue", None, "green"] * 15,
            "full": [f"word {i % 20}" for i in range(60)],
            "long": [f"{i % 30}:00" for i in range(60)],
        }
    )
    encoder = fitted(table, **settings)
    assert encoder is not None
    rows = RowEncoder(encoder.reader_, encoder.encoders_, as_sparse=encoder.is_sparse)
    (record,) = table[:1].to_pylist()
    for name in (column.column for column in encoder.encoders_):
        for value in ODD:
            given = {**record, name: value}
            frame = one_of_objects(given)
            expected = of_table(encoder, frame)
            assert of_row(rows, encoder, given) == expected, (name, value)
            assert of_row(rows, encoder, frame) == expected, (name, value)
