"""Files of every kind are read alike, and a wrong one is refused in one sentence."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lamina.data import DataWarning, read_table, write_table
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
    assert read_table(csv(tmp_path, TEXT.encode("utf-32")), encoding="utf-32").to_pylist() == ROWS
    assert read_table(csv(tmp_path, ("\ufeff" + TEXT).encode("utf-16-be")), encoding="utf-16-be").to_pylist() == ROWS
    assert read_table(csv(tmp_path, TEXT.encode("utf-8-sig")), encoding="UTF8").to_pylist() == ROWS
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


def test_missing_words_fields_as_text_and_leading_zeros(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "a,b,c\n-,1,007\n2,2,100\n"), missing=["-"])
    assert table.to_pylist() == [{"a": None, "b": 1, "c": "007"}, {"a": 2, "b": 2, "c": "100"}]
    table = read_table(csv(tmp_path, "a,b,c\n-,1,007\n2,2,100\n"), missing=["-"], as_text=True)
    assert table.to_pylist() == [{"a": "-", "b": "1", "c": "007"}, {"a": "2", "b": "2", "c": "100"}]


def test_quoted_fields_hold_delimiters_quotes_and_newlines(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, 'a,b\n1,"x,""y""\nz"\n')).to_pylist() == [{"a": 1, "b": 'x,"y"\nz'}]


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "\n", "\r\n", "\r", '""', ""])
def test_a_quoted_name_holds_delimiters_line_breaks_and_quotes(tmp_path: Path, ending: str, mark: str) -> None:
    path = csv(tmp_path, ending.join([f'size,"a{mark}{mark}{mark}b",color', '1,"x,y",red', "2,,blue", ""]))
    name = f"a{mark}{mark}{mark}b".replace('""', '"')
    assert read_table(path).to_pylist() == [{"size": 1, name: "x,y", "color": "red"}, {"size": 2, name: None, "color": "blue"}]


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a,b\r1,2\n3,4\r\n5,6\r7,8")).to_pydict() == {"a": [1, 3, 5, 7], "b": [2, 4, 6, 8]}


def test_a_table_written_with_odd_names_is_read_back(tmp_path: Path) -> None:
    table = pa.table({"a\nb": [1], "c,d": ["x"], 'e"f': [2.5], "g;h\r\n": [True]})
    write_table(tmp_path / "a.csv", table)
    assert read_table(tmp_path / "a.csv").rename_columns(table.column_names) == table


def test_quotes_inside_a_field_are_letters(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, 'height 5",b\n5\' 3",x\n6\' 1",y\n')).to_pydict() == {
        'height 5"': ["5' 3\"", "6' 1\""],
        "b": ["x", "y"],
    }


def test_very_long_lines_fields_and_names_are_read(tmp_path: Path) -> None:
    name, field = "n" * 200_000, "f" * 2_000_000
    wide = ",".join(f"c{i}" for i in range(5_000))
    assert read_table(csv(tmp_path, f'{name},b\n"{field}",1\n')).to_pylist() == [{name: field, "b": 1}]
    assert read_table(csv(tmp_path, f"{wide}\n{','.join('1' * 5_000)}\n")).num_columns == 5_000


def test_files_larger_than_a_block_of_the_parser_are_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, "a,b\n" + '1,"two\nlines"\n2,x\n' * 50 + "3\n")
    whole = pytest.raises(DataError, match=r"got 1 in row 102 \('3'\)")
    with whole:
        read_table(path)
    monkeypatch.setattr("lamina.data.csv_reader._LARGEST_BLOCK", 40)
    with whole:
        read_table(path)
    with pytest.warns(DataWarning, match="dropped 1 row "):
        assert read_table(path, drop_ragged=True)["b"].to_pylist() == ["two\nlines", "x"] * 50


def test_whole_numbers_of_64_bits_keep_every_digit(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, f"signed,unsigned\n{-(2**63)},{2**64 - 1}\n{2**53 + 1},0\n"))
    assert table.to_pydict() == {"signed": [-(2**63), 2**53 + 1], "unsigned": [2**64 - 1, 0]}


def test_times_may_have_nanoseconds(tmp_path: Path) -> None:
    column = read_table(csv(tmp_path, "t\n2024-01-01 10:00:00.123456789\n2024-01-02T00:00:00\n"))["t"]
    assert column.type == pa.timestamp("ns")
    assert column.cast(pa.int64()).to_pylist() == [1704103200123456789, 1704153600000000000]


def test_a_file_called_gz_that_is_plain_text_is_read_as_such(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, TEXT, "a.csv.gz")).to_pylist() == ROWS


def test_numbers_may_stand_for_missing_values(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a\n1\n-999\n"), missing=[-999])["a"].to_pylist() == [1, None]  # type: ignore[list-item]


def test_a_single_column_keeps_its_empty_rows(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a\n1\n\n2\n"))["a"].to_pylist() == [1, None, 2]


def test_huge_and_infinite_numbers_are_numbers(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path, "a,b\n1e300,inf\n1,-inf\n")).to_pylist() == [
        {"a": 1e300, "b": float("inf")},
        {"a": 1.0, "b": -float("inf")},
    ]


def test_ragged_rows_are_counted_and_dropped_on_request(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n")
    with pytest.warns(DataWarning, match=r"dropped 2 rows without 2 fields, the first with 1 in row 3 \('3'\)"):
        assert read_table(path, drop_ragged=True).num_rows == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("\n\n", "got an empty file"),
        ("a,b\n", "at least one row below its header, got none"),
        ("a,b", "at least one row below its header, got none"),
        ("a,b\r\r", "at least one row below its header, got none"),
        ("\r\n1,2\n", "the first line must hold the column names, got a blank line"),
        ("\n1,2\n", "the first line must hold the column names, got a blank line"),
        (
            "a,b\n1,2\n3\n4,5,6\n",
            r"must have 2 fields, like the header, got 1 in row 3 \('3'\) and 1 more such rows\. Correct",
        ),
        ("a,b,a\n1,2,3\n", r"column names must be unique, got 'a' as columns 1 and 3\. Rename"),
        ('a,b\n1,"open\n2,3\n', "every quote must be closed, got an unclosed one before 'open'"),
        (b"a,b\n1,caf\xe9\n", r"must be text in utf-8, got the byte 0xe9 in line 2\. Set its encoding, usually .*cp1252"),
        ('a,"open\n2,3\n', "every quote must be closed, got an unclosed one in the header, before 'open'. Close it"),
        ('a,b\n1,"open', "every quote must be closed, got an unclosed one before 'open'"),
        ('a,b\r1,"open\r2,3\r', "every quote must be closed, got an unclosed one before 'open'"),
        ('a,b\n1,2\n"open,3\n4,5\n', "every quote must be closed, got an unclosed one before 'open,3'"),
        (b"a,b\r1,caf\xe9\r", "must be text in utf-8, got the byte 0xe9 in line 2"),
        (b"\xff\xfea\0,\0b\0", r"must be UTF-8 text, got UTF-16\. Set encoding='utf-16'"),
        ("a,b".encode("utf-32"), r"must be UTF-8 text, got UTF-32\. Set encoding='utf-32' \(--encoding utf-32\)"),
        (b"a,b\n1,\0\n", r"got binary data: 1 zero bytes, the first in line 2\. Export it as CSV, or rename it"),
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
    for unknown in ("hex", "", "utf-8\0", 8):
        with pytest.raises(InvalidSettingError, match="that Python knows, got "):
            read_table(path, encoding=unknown)  # type: ignore[arg-type]
    for wrong in ("", '"', "\n", "\r", "\0", "é", 5):
        with pytest.raises(InvalidSettingError, match="delimiter must be one ASCII character"):
            read_table(path, delimiter=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidSettingError, match="encoding must be one that Python knows, got 'klingon'"):
        read_table(path, encoding="klingon")
    with pytest.raises(
        InvalidSettingError, match="delimiter must be one ASCII character other than a quote or a line break, got '--'"
    ):
        read_table(path, delimiter="--")


def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    csv(tmp_path, TEXT, "people.csv")
    with pytest.raises(FileError, match=r"must be an existing file, got '.*peopl\.csv'\. Did you mean '.*people\.csv'\?"):
        read_table(tmp_path / "peopl.csv")
    with pytest.raises(FileError, match="Check the path"):
        read_table(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(FileError, match="Check the path"):
        read_table("a\0b.csv")
    with pytest.raises(FileError, match=r"cannot read '.*': file name too long\. Check its path"):
        read_table(tmp_path / f"{'a' * 300}.csv")


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


def test_a_link_to_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("/dev/zero")
    with pytest.raises(FileError, match="not a file"):
        read_table(tmp_path / "a.csv")
