"""Writing many files anew: whole or not at all, and going on after an interruption."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from lamina.data import write_blocks
from lamina.data.shards import Converted, convert_shards, open_shards
from lamina.errors import FileError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, name in enumerate(("a.parquet", "b.parquet", "in/c.parquet")):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table({"x": [10 * i + j for j in range(5)]}), tmp_path / "data" / name, row_group_size=2)
    return tmp_path / "data"


def doubled(table: pa.Table) -> pa.Table:
    return pa.table({"y": pa.array([2 * x for x in table["x"].to_pylist()])})


def converted(folder: Path, out: Path, suffix: str = ".parquet", **more: object) -> list[Converted]:
    given = {"convert": doubled, "identity": {"model": 1}, **more}
    return list(convert_shards(open_shards(folder), out, suffix=suffix, **given))


READERS = {".parquet": parquet.read_table, ".csv": csv.read_csv, ".feather": feather.read_table}


@pytest.mark.parametrize("suffix", READERS)
def test_each_file_has_its_counterpart_with_all_rows_in_order(folder: Path, tmp_path: Path, suffix: str):
    done = converted(folder, tmp_path / "out", suffix)
    assert [str(file.path.relative_to(tmp_path / "out")) for file in done] == [f"a{suffix}", f"b{suffix}", f"in/c{suffix}"]
    assert [file.num_rows for file in done] == [5, 5, 5]
    assert READERS[suffix](done[1].path)["y"].to_pylist() == [20, 22, 24, 26, 28]


def test_a_second_run_keeps_what_is_there_and_makes_what_is_missing(folder: Path, tmp_path: Path):
    first = converted(folder, tmp_path / "out")
    first[1].path.unlink()
    before = first[0].path.stat().st_mtime_ns
    again = converted(folder, tmp_path / "out")
    assert [file.num_rows for file in again] == [None, 5, None]
    assert first[0].path.stat().st_mtime_ns == before


def test_an_interrupted_file_is_not_there(folder: Path, tmp_path: Path):
    def stops(table: pa.Table) -> pa.Table:
        if table["x"][0].as_py() == 12:
            raise KeyboardInterrupt
        return doubled(table)

    with pytest.raises(KeyboardInterrupt):
        converted(folder, tmp_path / "out", convert=stops)
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.*") if path.is_file()) == [".lamina.json", "a.parquet"]
    assert [file.num_rows for file in converted(folder, tmp_path / "out")] == [None, 5, 5]


def test_files_made_in_another_way_are_not_mixed_with_new_ones(folder: Path, tmp_path: Path):
    converted(folder, tmp_path / "out")
    with pytest.raises(FileError, match="made by another model or with other options"):
        converted(folder, tmp_path / "out", identity={"model": 2})


def test_a_folder_with_other_files_is_left_alone(folder: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match="holds other files"):
        converted(folder, tmp_path / "out")


def test_two_files_may_not_become_one(folder: Path, tmp_path: Path):
    csv.write_csv(pa.table({"x": [1]}), folder / "a.csv")
    with pytest.raises(FileError, match=r"got several that would be 'a\.parquet'"):
        list(convert_shards(open_shards(folder, same_kinds=False), tmp_path / "out", doubled, suffix=".parquet", identity={}))


def test_a_single_file_keeps_its_name(folder: Path, tmp_path: Path):
    assert [file.path.name for file in converted(folder / "a.parquet", tmp_path / "out")] == ["a.parquet"]


def test_blocks_of_another_type_are_converted_to_that_of_the_first(tmp_path: Path):
    write_blocks(tmp_path / "a.parquet", iter([pa.table({"x": [1.5]}), pa.table({"x": [2]})]))
    assert parquet.read_table(tmp_path / "a.parquet")["x"].to_pylist() == [1.5, 2.0]


def test_blocks_of_text_are_quoted_where_they_must_be(tmp_path: Path):
    write_blocks(tmp_path / "a.csv", iter([pa.table({"na,me": ["plain"]}), pa.table({"na,me": ["with, comma"]})]))
    assert csv.read_csv(tmp_path / "a.csv")["na,me"].to_pylist() == ["plain", "with, comma"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_killed_run_leaves_whole_files_alone_and_the_next_one_ends_it(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    code = KILLS_ITSELF.format(folder=str(folder), out=str(out))
    python = [sys.executable, *["-S"] * sys.flags.no_site]  # as these tests are run
    killed = subprocess.run([*python, "-c", code], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in out.rglob("*.parquet") if not path.name.startswith(".")] == ["a.parquet"]
    done = converted(folder, out)
    assert [file.num_rows for file in done] == [None, 5, 5]
    assert READERS[".parquet"](done[1].path)["y"].to_pylist() == [20, 22, 24, 26, 28]
    left = sorted(path.name for path in out.rglob("*") if path.is_file())
    assert left == [".lamina.json", "a.parquet", "b.parquet", "c.parquet"]


# In the second block of the second file.
KILLS_ITSELF = """
import os, pathlib, signal
import pyarrow as pa
from lamina.data.shards import convert_shards, open_shards

def convert(table):
    if table["x"][0].as_py() == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return pa.table({{"y": pa.array([2 * x for x in table["x"].to_pylist()])}})

for _ in convert_shards(open_shards({folder!r}), pathlib.Path({out!r}), convert, suffix=".parquet", identity={{"model": 1}}):
    pass
"""
