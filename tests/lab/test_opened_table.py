"""Tables are opened however their text is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lamina.errors import DataError
from lamina.lab.experiment import rows_of
from lamina.lab.opened_table import open_file, open_upload
from lamina.lab.state import DataState, LabState

TEXT = "größe,city,y\n" + "".join(f"{number},{'Köln' if number % 3 else 'Rome'},{number % 2}\n" for number in range(60))


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "it was read as cp1252"), ("utf-16", "it was read as utf-16")],
)
def test_text_in_other_encodings_is_read_and_said(encoding: str, note: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT, encoding=encoding)
    for opened in (open_file(tmp_path / "t.csv"), open_upload(TEXT.encode(encoding), "t.csv")):
        assert list(opened.kinds) == ["größe", "city", "y"]
        assert set(opened.columns["city"].to_pylist()) == {"Köln", "Rome"}
        assert note in opened.note and bool(note) == bool(opened.note)


def test_a_letter_across_two_blocks_is_no_other_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamina.lab.opened_table._BLOCK", 3)
    (tmp_path / "t.csv").write_text(TEXT)
    assert open_file(tmp_path / "t.csv").note == ""


def test_numbers_of_any_size_are_predicted_on_the_scale_of_networks() -> None:
    table = pa.table({"x": [str(number) for number in range(200)], "y": [f"{number}e30" for number in range(200)]})
    rows = rows_of(LabState(DataState("table", target="y")), table)
    assert rows.y.std() == pytest.approx(1) and np.corrcoef(rows.X[:, 0], rows.y)[0, 1] > 0.999


@pytest.mark.parametrize(("task", "classes"), [("auto", 2), ("classification", 2), ("regression", 0)])
def test_what_is_predicted_can_be_chosen(task: str, classes: int) -> None:
    table = pa.table({"x": [str(number) for number in range(60)], "y": [str(number % 2) for number in range(60)]})
    assert len(rows_of(LabState(DataState("table", target="y", task=task)), table).classes) == classes


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_a_small_upload_that_would_fill_the_memory_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": np.arange(2000) % 7, "y": ["no", "yes"] * 1000})
    (parquet.write_table if name.endswith("parquet") else feather.write_feather)(table, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert open_upload(content, name).columns.num_rows == 2000
    monkeypatch.setattr("lamina.lab.opened_table._MOST_UNPACKED", 15_000)
    with pytest.raises(DataError, match=rf"^{name}: holds more than 15,000 bytes\. Send fewer rows\.$"):
        open_upload(content, name)
