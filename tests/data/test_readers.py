"""Files of every kind are read alike, and a wrong one is refused in one sentence."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lamina.data import DataWarning, read_table
from lamina.errors import DataError, FileError, InvalidSettingError

ROWS = [
    {"name": "Ada", "age": 36, "height": 1.65, "born": datetime.datetime(1815, 12, 10), "alive": False},
    {"name": "Åsa", "age": 41, "height": None, "born": None, "alive": True},
]
TEXT = "name,age,height,born,alive\nAda,36,1.65,1815-12-10,false\n Åsa ,41,?,,True\n"


def csv(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_csv_columns_get_their_types_from_all_rows(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, TEXT)).to_pylist() == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_and_line_endings_are_recognized(tmp_path: Path, delimiter: str, ending: str) -> None:
    assert read_table(csv(tmp_path, TEXT.replace(",", delimiter).replace("\n", ending))).to_pylist() == ROWS


def test_gzip_tsv_parquet_and_feather_hold_the_same_table(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    parquet.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.feather")
    csv(tmp_path, gzip.compress(TEXT.encode()), "a.csv.gz")
    csv(tmp_path, TEXT.replace(",", "\t"), "a.tsv")
    for name in ("a.parquet", "a.feather", "a.csv.gz", "a.tsv"):
        assert read_table(tmp_path / name).to_pylist() == ROWS, name


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_column_names_that_occur_twice_are_refused_in_binary_files_too(tmp_path: Path, suffix: str) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match="column names must be unique, got 'a' as columns 1 and 2"):
        read_table(tmp_path / f"a{suffix}")


def test_encodings_and_byte_order_marks(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, TEXT.encode("cp1252")), encoding="cp1252").to_pylist() == ROWS
    assert read_table(csv(tmp_path, TEXT.encode("utf-16")), encoding="utf-16").to_pylist() == ROWS
    assert read_table(csv(tmp_path, TEXT.encode("utf-8-sig"))).to_pylist() == ROWS


def test_a_column_that_changes_its_mind_late_is_read_as_text_or_number_as_a_whole(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n" + "1,2\n" * 500_000 + "x,2.5\n")
    with pytest.warns(
        DataWarning, match=r"column 'a': read as text, because 1 of 500001 fields are not numbers, for example 'x'"
    ):
        table = read_table(path)
    assert [str(kind) for kind in table.schema.types] == ["string", "double"]


def test_missing_words_text_columns_and_leading_zeros(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "a,b,c\n-,1,007\n2,2,100\n"), missing=["-"], text_columns=["b"])
    assert table.to_pylist() == [{"a": None, "b": "1", "c": "007"}, {"a": 2, "b": "2", "c": "100"}]


def test_quoted_fields_hold_delimiters_quotes_and_newlines(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, 'a,b\n1,"x,""y""\nz"\n')).to_pylist() == [{"a": 1, "b": 'x,"y"\nz'}]


def test_a_single_column_keeps_its_empty_rows(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a\n1\n\n2\n"))["a"].to_pylist() == [1, None, 2]


def test_huge_and_infinite_numbers_are_numbers(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a,b\n1e300,inf\n1,-inf\n")).to_pylist() == [
        {"a": 1e300, "b": float("inf")},
        {"a": 1.0, "b": -float("inf")},
    ]


def test_ragged_rows_are_counted_and_dropped_on_request(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n")
    with pytest.warns(DataWarning, match=r"dropped 2 rows that do not have 2 fields, the first with 1 in row 3 \('3'\)"):
        assert read_table(path, drop_ragged=True).num_rows == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("\n\n", "got an empty file"),
        ("a,b\n", "at least one row below its header, got none"),
        ("a,b", "at least one row below its header, got none"),
        ("\n1,2\n", "the first line must hold the column names, got a blank line"),
        (
            "a,b\n1,2\n3\n4,5,6\n",
            r"must have 2 fields, as the header has, got 1 in row 3 \('3'\) and 1 more such rows\. Correct",
        ),
        ("a,b,a\n1,2,3\n", r"column names must be unique, got 'a' as columns 1 and 3\. Rename"),
        ('a,b\n1,"open\n2,3\n', "every quote must be closed, got one that never is, before 'open'"),
        (b"a,b\n1,caf\xe9\n", r"must be text in utf-8, got the byte 0xe9 in line 2\. Name its encoding: .*cp1252"),
        (b"\xff\xfea\0,\0b\0", r"must be UTF-8 text, got UTF-16\. Name its encoding"),
        (b"a,b\n1,\0\n", r"must be a text table, as its name says, got binary data"),
        (bytes(range(128, 256)) + b"\0", r"must be a text table, as its name says, got binary data"),
        (b"PK\x03\x04rest", "got a zip archive or an Excel workbook"),
        (b"PAR1rest", "got a Parquet file"),
    ],
)
def test_wrong_text_tables_are_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises((DataError, FileError), match=message):
        read_table(csv(tmp_path, content))


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, TEXT)
    with pytest.raises(InvalidSettingError, match="encoding must be one that Python knows, got 'klingon'"):
        read_table(path, encoding="klingon")
    with pytest.raises(InvalidSettingError, match="delimiter must be one character, got '--'"):
        read_table(path, delimiter="--")


def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    csv(tmp_path, TEXT, "people.csv")
    with pytest.raises(FileError, match=r"must be an existing file, got '.*peopl\.csv'\. Did you mean '.*people\.csv'\?"):
        read_table(tmp_path / "peopl.csv")
    with pytest.raises(FileError, match="Check the path"):
        read_table(tmp_path / "nowhere" / "a.csv")


def test_folders_other_suffixes_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="got the folder"):
        read_table(tmp_path)
    with pytest.raises(FileError, match=r"must end in one of \.csv.*got 'a\.xlsx'"):
        read_table(csv(tmp_path, TEXT, "a.xlsx"))
    with pytest.raises(FileError, match="must be a Parquet file, as its name says"):
        read_table(csv(tmp_path, TEXT, "a.parquet"))
    with pytest.raises(FileError, match="must be a Feather file, as its name says"):
        read_table(csv(tmp_path, TEXT, "a.feather"))
    with pytest.raises(FileError, match="is damaged: its gzip data ends early"):
        read_table(csv(tmp_path, gzip.compress(TEXT.encode())[:40], "a.csv.gz"))
