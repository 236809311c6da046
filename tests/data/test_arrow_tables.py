"""Arrow tables are checked for damage before anything reads them, and rarer types are read like their plain relatives."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lamina.data import TableEncoder, read_table
from lamina.data.arrow_tables import plain_table
from lamina.errors import DataError, FileError

WORDS = ["red", "a blue that is longer than twelve bytes", None, "red"] * 5


def dictionary_of_views() -> pa.Array:
    codes = pa.array([None if word is None else int(word != "red") for word in WORDS], pa.uint32())
    return pa.DictionaryArray.from_arrays(codes, pa.array([WORDS[0], WORDS[1]], pa.string_view()))


RARE: dict[str, tuple[pa.Array, pa.Array]] = {
    "string_view": (pa.array(WORDS, pa.string_view()), pa.array(WORDS)),
    "large_string": (pa.array(WORDS, pa.large_string()), pa.array(WORDS)),
    "dictionary of string_view": (dictionary_of_views(), pa.array(WORDS)),
    "run-end encoded": (
        pa.RunEndEncodedArray.from_arrays(pa.array([6, 20]), pa.array(["a", "b"])),
        pa.array(["a"] * 6 + ["b"] * 14),
    ),
    "float16": (pa.array([1.5, None] * 10, pa.float16()), pa.array([1.5, None] * 10)),
    "bool8": (
        pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0] * 10, pa.int8())),
        pa.array([1, 0] * 10),
    ),
    "decimal32": (pa.array([Decimal("1.5"), None] * 10, pa.decimal32(5, 1)), pa.array([1.5, None] * 10)),
    "date64": (pa.array([datetime.date(2020, 1, 1 + i) for i in range(20)], pa.date64()),) * 2,
    "uint64": (pa.array([2**64 - 1, 2**63] * 10, pa.uint64()), pa.array([float(2**64), float(2**63)] * 10)),
    "int64 beyond 2^53": (pa.array([2**60 + 1, None, -(2**62) + 1, 5] * 5), pa.array([2.0**60, None, -(2.0**62), 5.0] * 5)),
    "nanoseconds of an epoch": (
        pa.array([1_700_000_000_000_000_001, 1_800_000_000_123_456_789] * 10),
        pa.array([1.7e18, 1.800000000123456789e18] * 10),
    ),
    "ns timestamps": (
        pa.array([1_700_000_000_000_000_001, None, 1] * 10, pa.timestamp("ns")),
        pa.array([1_700_000_000_000_000, None, 0] * 10, pa.timestamp("us")),
    ),
    "ns durations": (pa.array([1500, None, 2500] * 10, pa.duration("ns")), pa.array([1.5, None, 2.5] * 10)),
    "dates beyond year 9999": (
        pa.array([2**59, None, 0] * 10, pa.timestamp("us")),
        pa.array([2**59, None, 0] * 10, pa.timestamp("us", "UTC")),
    ),
    "durations of ages": (pa.array([2**60, 0] * 10, pa.duration("s")), pa.array([2.0**60 * 1e6, 0.0] * 10)),
}


@pytest.mark.parametrize(("rare", "plain"), RARE.values(), ids=RARE)
def test_rare_types_are_encoded_like_their_plain_relatives(rare: pa.Array, plain: pa.Array) -> None:
    table, relative = pa.table({"a": rare}), pa.table({"a": plain})
    expected = TableEncoder(min_count=1).fit_transform(relative)
    assert np.array_equal(TableEncoder(min_count=1).fit_transform(table), expected)


# Arrow itself cannot write these.
NOT_WRITTEN = {".feather": (), ".parquet": ("run-end encoded", "dictionary of string_view", "durations of ages")}


@pytest.mark.parametrize(
    ("suffix", "name"), [(suffix, name) for suffix in NOT_WRITTEN for name in RARE if name not in NOT_WRITTEN[suffix]]
)
def test_rare_types_are_read_from_files(tmp_path: Path, suffix: str, name: str) -> None:
    table = pa.table({"a": RARE[name][0]})
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, tmp_path / f"a{suffix}")
    read = read_table(tmp_path / f"a{suffix}")
    encoder = TableEncoder(min_count=1).fit(table)
    assert np.array_equal(encoder.transform(read), encoder.transform(table))


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
def test_what_polars_writes_is_read(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame(
        {
            "text": WORDS,
            "category": pl.Series(WORDS, dtype=pl.Categorical),
            "enum": pl.Series(["x", "y"] * 10, dtype=pl.Enum(["x", "y"])),
            "nothing": pl.Series([None] * 20, dtype=pl.Null),
            "number": range(20),
        }
    )
    (frame.write_ipc if suffix == ".arrow" else frame.write_parquet)(tmp_path / f"a{suffix}")
    read = read_table(tmp_path / f"a{suffix}")
    assert read.to_pydict() == frame.to_dict(as_series=False)
    encoder = TableEncoder(min_count=1, ignore=["nothing"]).fit(frame)
    assert np.array_equal(encoder.transform(read), encoder.transform(frame))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([b"ab"] * 3, pa.binary_view()), "large_binary"),
        (pa.array([Decimal(1)] * 3, pa.decimal256(50)), "decimal256"),
        (pa.array([datetime.time(1)] * 3), "Time"),
        (pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval()), "month_day_nano_interval"),
        (pa.array([[1]] * 3, pa.list_view(pa.int8())), "list_view"),
        (pa.array([{"x": 1}] * 3), "Struct"),
    ],
)
def test_types_that_cannot_be_encoded_are_refused_by_the_columns_name(column: pa.Array, kind: str) -> None:
    table = pa.table({"odd": column, "x": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=f"column 'odd' must hold numbers, truth values, dates or text, got the type {kind}"):
        TableEncoder().fit(table)
    assert TableEncoder(ignore=["odd"]).fit_transform(table).shape == (3, 1)


# Damage -------------------------------------------------------------------------------------------------------------------------


def with_wrong_offset(kind: pa.DataType) -> pa.Array:
    whole = pa.array(["one", "two", "three"], kind)
    width = 8 if pa.types.is_large_string(kind) else 4
    validity, offsets, data = whole.buffers()
    wrong = bytearray(offsets.to_pybytes())
    wrong[2 * width : 3 * width] = (2**30).to_bytes(width, "little")
    return pa.Array.from_buffers(kind, 3, [validity, pa.py_buffer(bytes(wrong)), data])


DAMAGED: dict[str, pa.Array] = {
    "an offset beyond the text": with_wrong_offset(pa.string()),
    "a large offset beyond the text": with_wrong_offset(pa.large_string()),
    "a code without a word": pa.DictionaryArray.from_arrays(pa.array([0, 7, 1], pa.int8()), pa.array(["a", "b"]), safe=False),
    "text that is not UTF-8": pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 2], "int32")), pa.py_buffer(b"\xff\xfe")]
    ),
    "a view that is not UTF-8": pa.array([b"\xff\xfe"], pa.binary_view()).view(pa.string_view()),
}


@pytest.mark.parametrize("column", DAMAGED.values(), ids=DAMAGED)
def test_damaged_columns_are_refused_by_name(column: pa.Array) -> None:
    with pytest.raises(
        DataError, match=r"people: every column must be intact, got damaged data in 'name' \(.*\)\. Write the table again"
    ):
        plain_table("people", pa.table({"name": column}))
    with pytest.raises(DataError, match="TableEncoder: every column must be intact, got damaged data in 'name'"):
        TableEncoder().fit(pa.table({"name": column}))


def feather_with_wrong_offset(path: Path) -> None:
    names = ["a" * (i % 5 + 1) for i in range(40)]
    feather.write_feather(pa.table({"name": names, "y": ["p", "q"] * 20}), path, compression="uncompressed")
    whole = path.read_bytes()
    offsets = np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype("<i4")
    wrong = offsets.copy()
    wrong[20] = 2**30
    assert whole.count(offsets.tobytes()) == 1
    path.write_bytes(whole.replace(offsets.tobytes(), wrong.tobytes()))


def test_a_feather_file_with_a_wrong_offset_is_refused(tmp_path: Path) -> None:
    feather_with_wrong_offset(tmp_path / "a.feather")
    with pytest.raises(
        DataError, match=r"a\.feather: every column must be intact, got damaged data in 'name' .*Write the table again"
    ):
        read_table(tmp_path / "a.feather")


@pytest.mark.parametrize("suffix", [".feather", ".parquet"])
def test_text_that_is_not_utf8_is_refused_in_binary_files(tmp_path: Path, suffix: str) -> None:
    table = pa.table({"name": DAMAGED["text that is not UTF-8"]})
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match=r"got damaged data in 'name' \(.*UTF8.*\)\. Write the table again, with text as UTF-8"):
        read_table(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".feather", ".parquet"])
def test_binary_files_that_are_cut_short_or_empty_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(pa.table({"a": [1, 2]}), path)
    whole = path.read_bytes()
    for length in (0, 4, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(FileError, match=r"must be a .* file, as its name says, but cannot be read as one") as caught:
            read_table(path)
        assert caught.value.__cause__ is not None


def test_a_plain_table_is_handed_back_itself() -> None:
    table = pa.table({"a": [1, 2], "b": ["x", None]})
    assert plain_table("people", table) is table


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_times_beyond_what_microseconds_can_count_are_refused_by_name(unit: str) -> None:
    with pytest.raises(DataError, match=r"column 'born' must hold dates between the years -290000 and 294000, got .* \(row 2\)"):
        TableEncoder().fit(pa.table({"born": pa.array([0, 2**62], pa.timestamp(unit))}))
