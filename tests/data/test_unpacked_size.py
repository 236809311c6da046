"""A small file that would fill the memory is refused before it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lamina.data.unpacked_size import check_unpacked
from lamina.errors import DataError, FileError

ROWS = 20_000
RUNS = pa.RunEndEncodedArray.from_arrays(pa.array([ROWS], pa.int32()), pa.array(["x" * 1000]))
#: What is small in a file, and the bytes that it takes in memory.
LARGE: dict[str, tuple[Any, int]] = {
    "numbers": (pa.array(np.zeros(ROWS)), 8 * ROWS),
    "a text that repeats": (pa.array(["x" * 1000] * ROWS), 1000 * ROWS),
    "whole numbers": (pa.array(np.zeros(ROWS, dtype=np.int64)), 8 * ROWS),
    "nothing": (pa.nulls(ROWS), ROWS),
}
ARROW: dict[str, tuple[Any, int]] = {
    "views of a text": (pa.array(["x" * 1000] * ROWS, pa.string_view()), 1000 * ROWS),
    "runs": (RUNS, 1000 * ROWS),
}
WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "a.parquet": lambda table, path: parquet.write_table(table, path),
    "b.parquet": lambda table, path: parquet.write_table(table, path, compression="zstd", row_group_size=3000),
    "c.feather": lambda table, path: feather.write_feather(table, path, compression="zstd", chunksize=3000),
    "d.feather": lambda table, path: feather.write_feather(table, path, compression="lz4"),
}


def written(name: str, column: Any, folder: Path) -> Path:
    WRITERS[name](pa.table({"a": column}), folder / name)
    return folder / name


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("column", LARGE)
def test_what_takes_too_much_memory_is_refused_and_what_fits_is_not(column: str, name: str, tmp_path: Path) -> None:
    values, size = LARGE[column]
    if column == "nothing" and name.endswith("parquet"):
        pytest.skip("Parquet has a number for each")
    path = written(name, values, tmp_path)
    check_unpacked(path, int(1.2 * size) + 20_000 * 8)
    with pytest.raises(FileError, match=r"holds more than .* bytes\. Send fewer rows"):
        check_unpacked(path, int(0.9 * size))


@pytest.mark.parametrize("column", ARROW)
def test_repeated_texts_that_arrow_holds_once_count_as_often_as_they_come(column: str, tmp_path: Path) -> None:
    values, size = ARROW[column]
    with pa.ipc.new_file(tmp_path / "a.arrow", pa.schema({"a": values.type})) as file:
        file.write_table(pa.table({"a": values}))
    with pytest.raises(FileError, match="holds more than"):
        check_unpacked(tmp_path / "a.arrow", int(0.9 * size))
    check_unpacked(tmp_path / "a.arrow", 4 * size)


def test_files_without_compression_and_of_other_libraries_count_as_they_are(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": np.arange(1000.0), "b": [f"text {i % 7}" for i in range(1000)], "c": [None, "x"] * 500})
    table.write_ipc(tmp_path / "a.feather", compression="uncompressed")
    table.write_ipc(tmp_path / "b.feather", compression="zstd")
    table.write_parquet(tmp_path / "c.parquet")
    feather.write_feather(table.to_arrow(), tmp_path / "d.feather", compression="uncompressed")
    for path in tmp_path.iterdir():
        check_unpacked(path, 100_000)
        with pytest.raises(FileError, match="holds more than"):
            check_unpacked(path, 5_000)


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_an_error_of_ours(name: str, tmp_path: Path) -> None:
    path = written(name, pa.array([f"text {i}" for i in range(200)]), tmp_path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for content in (b"", whole[: len(whole) // 2], whole[:8], *(_garbled(whole, rng) for _ in range(60))):
        path.write_bytes(content)
        try:
            check_unpacked(path, 10**6)
        except (DataError, FileError) as error:
            assert str(path) in str(error)


def _garbled(content: bytes, rng: np.random.Generator) -> bytes:
    changed = np.frombuffer(content, dtype=np.uint8).copy()
    changed[rng.integers(len(changed), size=3)] = rng.integers(256, size=3)
    return changed.tobytes()
