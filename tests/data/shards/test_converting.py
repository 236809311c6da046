"""Writing many files anew: whole or not at all, and going on after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from lamina.data import write_blocks
from lamina.data.notes import note
from lamina.data.shards import Converted, convert_shards, open_shards
from lamina.engine import default_threads, num_processors
from lamina.errors import DataError, FileError, InvalidSettingError, LostWorkerError


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


def doubled_with_a_note(table: pa.Table) -> pa.Table:
    note(f"read {table['x'][0].as_py()}")
    return doubled(table)


def fails_in_the_second(table: pa.Table) -> pa.Table:
    if table["x"][0].as_py() == 12:
        raise DataError("a value is odd.")
    return doubled(table)


def dies_in_the_second(table: pa.Table) -> pa.Table:
    if table["x"][0].as_py() == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(table)


def share_of_cores(table: pa.Table) -> pa.Table:
    return pa.table({"process": [os.getpid()], "arrow": [pa.cpu_count()], "engine": [default_threads()]})


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


def test_a_folder_that_cannot_be_made_is_named(folder: Path):
    with pytest.raises(FileError, match=r"cannot make the folder '/proc/nowhere/out'"):
        converted(folder, Path("/proc/nowhere/out"))


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


@pytest.mark.parametrize("suffix", READERS)
def test_several_processes_write_the_same_files(folder: Path, tmp_path: Path, suffix: str):
    one, two = (converted(folder, tmp_path / f"out{jobs}", suffix, jobs=jobs) for jobs in (1, 2))
    assert [file.num_rows for file in two] == [5, 5, 5]
    for first, second in zip(one, two, strict=True):
        assert second.path.relative_to(tmp_path / "out2") == first.path.relative_to(tmp_path / "out1")
        assert second.path.read_bytes() == first.path.read_bytes()


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_without_jobs_a_context_of_joblib_decides(folder: Path, tmp_path: Path, backend: str):
    with joblib.parallel_config(backend, n_jobs=2):
        done = converted(folder, tmp_path / "out", convert=share_of_cores)
    tables = [parquet.read_table(file.path).to_pylist()[0] for file in done]
    assert all((table["process"] == os.getpid()) == (backend == "threading") for table in tables)
    if backend != "threading":
        share = max(1, num_processors() // 2)
        assert all(table["engine"] <= share and table["arrow"] <= share for table in tables), tables


def test_several_processes_go_on_with_what_is_missing(folder: Path, tmp_path: Path):
    converted(folder, tmp_path / "out")[0].path.unlink()
    assert [file.num_rows for file in converted(folder, tmp_path / "out", jobs=2)] == [5, None, None]


def test_what_other_processes_note_is_said_here(folder: Path, tmp_path: Path):
    with warnings.catch_warnings(record=True) as one:
        warnings.simplefilter("always")
        converted(folder, tmp_path / "one", convert=doubled_with_a_note)
    with warnings.catch_warnings(record=True) as two:
        warnings.simplefilter("always")
        converted(folder, tmp_path / "two", convert=doubled_with_a_note, jobs=2)
    assert len(one) == 9
    assert [(str(each.message), each.category) for each in two] == [(str(each.message), each.category) for each in one]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_one_file_names_it_and_leaves_whole_files_alone(folder: Path, tmp_path: Path, jobs: int):
    with pytest.raises(DataError, match=r"data/b\.parquet: a value is odd"):
        converted(folder, tmp_path / "out", convert=fails_in_the_second, jobs=jobs)
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert left <= {".lamina.json", "a.parquet", "c.parquet"}
    done = converted(folder, tmp_path / "out", jobs=jobs)
    assert [file.num_rows for file in done if file.path.name == "b.parquet"] == [5]


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_process_that_is_killed_is_told_with_the_files_it_may_have_had(folder: Path, tmp_path: Path):
    with pytest.raises(LostWorkerError, match=r"was ended \(SIGKILL\).* Not written: .*b\.parquet'.* that are whole stay"):
        converted(folder, tmp_path / "out", convert=dies_in_the_second, jobs=2)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".part")]
    assert converted(folder, tmp_path / "out", jobs=2)[1].num_rows == 5


@pytest.mark.parametrize("jobs", [0, 1.5, "2"])
def test_a_number_of_processes_that_is_none_is_an_error(folder: Path, tmp_path: Path, jobs: object):
    with pytest.raises(InvalidSettingError, match="jobs must be an integer"):
        converted(folder, tmp_path / "out", jobs=jobs)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("suffix", READERS)
def test_a_full_disk_leaves_no_half_a_file_and_the_next_run_goes_on(folder: Path, tmp_path: Path, suffix: str, jobs: int):
    rows = pa.table({"x": np.random.default_rng(0).normal(size=20_000)})
    parquet.write_table(rows, folder / "b.parquet")
    out = tmp_path / "out"
    code = FILLS_THE_DISK.format(folder=str(folder), out=str(out), suffix=suffix, jobs=jobs)
    python = [sys.executable, *["-S"] * sys.flags.no_site]
    filled = subprocess.run([*python, "-c", code], check=False, capture_output=True, text=True)
    assert "FileError: cannot write " in filled.stderr, filled.stderr
    assert f"b{suffix}': file too large" in filled.stderr, filled.stderr
    assert {path.name for path in out.rglob("*") if path.is_file()} <= {".lamina.json", f"a{suffix}", f"c{suffix}"}
    again = list(convert_shards(open_shards(folder), out, same, suffix=suffix, identity={"model": 1}, jobs=jobs))
    assert again[1].num_rows == 20_000
    assert [file.path.exists() for file in again] == [True] * 3


# A limit on the size of a file stands for a full disk: both are errors of the system in the midst of writing.
FILLS_THE_DISK = """
import pathlib, resource, signal
from lamina.data.shards import convert_shards, open_shards

def same(table):
    return table

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
shards, out = open_shards({folder!r}), pathlib.Path({out!r})
list(convert_shards(shards, out, same, suffix={suffix!r}, identity={{"model": 1}}, jobs={jobs}))
"""


def same(table: pa.Table) -> pa.Table:
    return table


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
