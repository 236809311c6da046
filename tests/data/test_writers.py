"""What is written is read back."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from lamina.data import read_table, write_table
from lamina.errors import FileError

TABLE = pa.table({'say "a,b"': ["p,q", 'r "s"', "line\nbreak"], "number": [1.5, None, 1e300]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".pq", ".feather", ".arrow"])
def test_every_format_survives_a_round_trip(tmp_path: Path, suffix: str) -> None:
    write_table(tmp_path / f"a{suffix}", TABLE)
    read = read_table(tmp_path / f"a{suffix}", delimiter="," if suffix == ".csv" else None)
    assert read.to_pydict() == TABLE.to_pydict()


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"output must end in one of \.csv, .*, got 'a\.xlsx'"):
        write_table(tmp_path / "a.xlsx", TABLE)
