"""Whatever a table holds and however it comes, it ends in finite features or in an error of ours."""

from __future__ import annotations

import gzip
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
from pyarrow import feather, parquet

from lamina.data import DataWarning, TableEncoder, Target, read_table, target_column
from lamina.errors import LaminaError

FEWEST_ROWS, MOST_ROWS = 1, 12


def ends_well(make: Callable[[], Any]) -> None:
    """Make a table, encode it, and take each column for a target: only errors of ours may come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            table = make()
            features = TableEncoder(min_count=1).fit_transform(table)
        except LaminaError as error:
            assert str(error).endswith((".", ")", "?"))
        else:
            assert features.dtype == np.float32
            assert np.isfinite(features).all()
            for name in target_column_names(table):
                predictable(table, name)


def target_column_names(table: Any) -> list[str]:
    return list(table.column_names if isinstance(table, pa.Table) else table.columns)


def predictable(table: Any, name: str) -> None:
    try:
        target = Target.fit(target_column(table, name))
        values = target.present_rows(table)[1]
    except LaminaError:
        return
    assert np.isfinite(values).all()


# Text ---------------------------------------------------------------------------------------------------------------------------

FIELDS = st.one_of(
    st.sampled_from(["", " ", "NA", "?", "true", "False", "0", "007", "-1", "1e400", "-inf", "nan", str(2**53 + 1), str(2**64)]),
    st.sampled_from(
        ["2024-02-30", "2024-12-31", "10000-01-01", "2024-01-01 10:00:00.123456789", "now", "1,5", "a;b", "x\ty", "|"]
    ),
    st.sampled_from(['"', '""', '"a"', '"a,b"', '"a\nb"', '"open', 'clo"sed', "'", "é", "\u2028", "\ufeff", "日本", "💥", "\\"]),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.text(max_size=8),
)


@st.composite
def text_files(draw: st.DrawFn) -> tuple[bytes, str]:
    """The bytes of a text table that may be wrong in any way, and a suffix."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=MOST_ROWS))
    if draw(st.booleans()):
        rows[0] = [f"column {i}" for i in range(width)]
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r", "\r\n", "\n\n"]]))
    lines = [delimiter.join(row) + ends[i % len(ends)] for i, row in enumerate(rows)]
    if draw(st.integers(0, 9)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(FIELDS) + "\n")
    data = "".join(lines).encode(draw(st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-32"])), "surrogatepass")
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 3)) :]
    suffix = draw(st.sampled_from([".csv", ".tsv", ".txt", ".csv.gz"]))
    return (gzip.compress(data, mtime=0) if suffix == ".csv.gz" and draw(st.booleans()) else data), suffix


@given(text_files(), st.booleans())
@example((b"a\rb", ".csv"), False)
@example((b'"a\n,b"\n1,2\n', ".csv"), False)
@example((b'"', ".csv"), True)
@example((b"a,b\n\x1f\x8b", ".csv.gz"), False)
def test_any_text_file_is_read_or_refused(file: tuple[bytes, str], drop_ragged: bool) -> None:
    data, suffix = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_bytes(data)
        ends_well(lambda: read_table(path, drop_ragged=drop_ragged))


# Columns of every type ----------------------------------------------------------------------------------------------------------


def times(unit: str, zone: str | None = None) -> pa.DataType:
    return pa.timestamp(unit, zone)


def whole(bits: int, *, signed: bool = True) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


TEXTS = st.one_of(st.sampled_from(["a", "b", "", "007", "1.5", "true", "2024-12-31", "10000-01-01", "now"]), st.text(max_size=20))
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.null(): st.none(),
    pa.bool_(): st.booleans(),
    pa.int8(): whole(8),
    pa.int64(): whole(64),
    pa.uint64(): whole(64, signed=False),
    pa.float16(): st.floats(width=16).map(np.float16),
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.decimal128(38, 3): st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
    pa.decimal32(9, 2): st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6),
    pa.string(): TEXTS,
    pa.large_string(): TEXTS,
    pa.string_view(): TEXTS,
    pa.binary(): st.binary(max_size=9),
    pa.binary_view(): st.binary(max_size=20),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["a", "b", "c"]),
    pa.dictionary(pa.int32(), pa.int64()): st.sampled_from([1, 2**60, 2**60 + 1]),
    pa.date32(): whole(32),
    pa.time64("ns"): st.integers(0, 86_399_999_999_999),
    pa.list_(pa.int8()): st.lists(whole(8), max_size=2),
    **{times(unit): whole(63) for unit in ("s", "ms", "us", "ns")},
    times("us", "Europe/Paris"): whole(58),
    pa.duration("s"): whole(62),
    pa.duration("ns"): whole(62),
}
NAMES = st.one_of(st.sampled_from(["a", "b", "", " ", "a,b", "a\nb", '"', "=x", "é", "(missing)"]), st.text(max_size=5))


@st.composite
def arrow_tables(draw: st.DrawFn, unusual: bool = True) -> pa.Table:
    """A table of columns of any types; ``unusual``: also those that only Arrow has."""
    num_rows = draw(st.integers(FEWEST_ROWS, MOST_ROWS))
    kinds = draw(st.lists(st.sampled_from([kind for kind in VALUES if unusual or is_usual(kind)]), min_size=1, max_size=3))
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=draw(st.integers(0, 9)) > 0))
    columns = []
    for kind in kinds:
        values = draw(st.lists(st.one_of(st.none(), VALUES[kind]), min_size=num_rows, max_size=num_rows))
        if pa.types.is_temporal(kind):
            columns.append(pa.array(values, pa.int32() if pa.types.is_date32(kind) else pa.int64()).cast(kind))
        else:
            columns.append(pa.array(values, kind, from_pandas=False))
    return pa.Table.from_arrays(columns, names=names)


def is_usual(kind: pa.DataType) -> bool:
    return not any(fits(kind) for fits in (pa.types.is_string_view, pa.types.is_binary_view, pa.types.is_decimal32))


@given(arrow_tables())
def test_any_arrow_table_is_encoded_or_refused(table: pa.Table) -> None:
    ends_well(lambda: table)


@pytest.mark.parametrize("suffix", [".feather", ".parquet"])
@given(table=arrow_tables())
def test_any_binary_file_is_read_or_refused(suffix: str, table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        try:
            (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, path)
        except (pa.ArrowException, ValueError):
            return  # Arrow cannot write it
        ends_well(lambda: read_table(path))


@pytest.mark.parametrize("library", ["polars", "pandas", "pandas with Arrow types"])
@given(table=arrow_tables(unusual=False))
@example(pa.table({"a": pa.array([-(2**47), None, -(2**47), 2**49, 2**49], times("ms"))}))
@example(pa.table({"a": pa.array([2**62, None, 2**62, 2**61, 2**61], pa.duration("s"))}))
def test_any_frame_is_encoded_or_refused(library: str, table: pa.Table) -> None:
    try:
        if library == "polars":
            frame: Any = pl.from_arrow(table)
        else:
            frame = table.to_pandas(types_mapper=pd.ArrowDtype if "Arrow" in library else None)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, OverflowError):
        return  # the library cannot hold it
    ends_well(lambda: frame)


# Damage -------------------------------------------------------------------------------------------------------------------------


def whole_file(suffix: str) -> bytes:
    rows = range(40)
    table = pa.table(
        {
            "number": [1.5 * i for i in rows],
            "text": [f"word {i % 5}" for i in rows],
            "view": pa.array([f"a word of more than twelve bytes {i % 3}" for i in rows], pa.string_view()),
            "code": pa.array(["xyz"[i % 3] for i in rows]).dictionary_encode(),
            "truth": [None if i % 7 == 0 else i % 2 == 0 for i in rows],
        }
    )
    sink = pa.BufferOutputStream()
    if suffix == ".parquet":
        parquet.write_table(table, sink, compression="none")
    else:
        feather.write_feather(table, sink, compression="uncompressed")
    return sink.getvalue().to_pybytes()


WHOLE = {suffix: whole_file(suffix) for suffix in (".feather", ".parquet")}


@pytest.mark.parametrize("suffix", WHOLE)
@given(data=st.data())
def test_any_damage_to_a_binary_file_is_survived(suffix: str, data: st.DataObject) -> None:
    damaged = bytearray(WHOLE[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        changed = data.draw(
            st.one_of(st.binary(min_size=1, max_size=4), st.sampled_from([b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0" * 4]))
        )
        damaged[at : at + len(changed)] = changed
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_bytes(damaged)
        ends_well(lambda: read_table(path))
