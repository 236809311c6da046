"""The layout is that of safetensors, the same bytes each time, and no size in it is believed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from lamina.errors import FileError, InvalidSettingError
from lamina.files import FORMAT_VERSION, read_tensors, write_tensors
from lamina.files.layout import DTYPES, read_layout, read_metadata, write_layout

ARRAYS = {f"a {name}": np.arange(6).reshape(2, 3).astype(dtype) for name, dtype in DTYPES.items()} | {
    "nothing": np.empty((0, 3), "<f8"),
    "a number": np.array(1.5, "<f4"),
}
TEXTS = {"format": "lamina", "é": "\N{SNOWMAN}"}


def written(arrays: dict[str, np.ndarray], texts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    write_layout(file, arrays, texts)
    return file.getvalue()


def read(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    file = io.BytesIO(data)
    texts, entries = read_metadata(file, len(data))
    return texts, read_layout(file, len(data), entries)


def test_safetensors_reads_what_is_written() -> None:
    loaded = load(written(ARRAYS, TEXTS))
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype, name
        assert loaded[name].shape == array.shape, name
        assert loaded[name].tobytes() == array.tobytes(), name


def test_what_safetensors_writes_is_read() -> None:
    texts, loaded = read(save(ARRAYS, metadata={"format": "lamina"}))
    assert texts == {"format": "lamina"}
    for name, array in ARRAYS.items():
        assert (loaded[name].dtype, loaded[name].tobytes()) == (array.dtype, array.tobytes()), name


def test_every_array_begins_at_a_multiple_of_its_items_size() -> None:
    data = written(ARRAYS, TEXTS)
    length = int.from_bytes(data[:8], "little")
    assert (8 + length) % 8 == 0
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            assert entry["data_offsets"][0] % DTYPES[entry["dtype"]].itemsize == 0, name


def test_equal_content_gives_equal_bytes_in_every_process(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np; from lamina.files import write_tensors; "
        "write_tensors(sys.argv[1], {n: np.ones(2) for n in 'abc'}, {'a': {'b': 1}, 'c': [2.5]})"
    )
    for seed in ("0", "1", "2"):
        subprocess.run([sys.executable, "-c", program, str(tmp_path / seed)], check=True, env={"PYTHONHASHSEED": seed})
    assert len({(tmp_path / seed).read_bytes() for seed in ("0", "1", "2")}) == 1


def resigned(tmp_path: Path, change: Any) -> Path:
    """A file whose outer header was changed by ``change``."""
    path = tmp_path / "a"
    write_tensors(path, {"x": np.arange(3.0)}, {"kind": "example"})
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    text = change(entries)
    text = json.dumps(entries).encode() if text is None else text
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: b"[1]",
        lambda entries: b"{" * 5000,
        lambda entries: b'{"a":' * 5000,
        lambda entries: b"[" * 100_000 + b"]" * 100_000,
        lambda entries: b'{"a": ' + b"1" * 5000 + b"}",
        lambda entries: '{"é": 1}'.encode(),
        lambda entries: entries.update(__metadata__=[]),
        lambda entries: entries.update(__metadata__="text"),
        lambda entries: entries["__metadata__"].update(format=["lamina"]),
        lambda entries: entries["__metadata__"].update(format_version="9" * 5000),
        lambda entries: entries["__metadata__"].update(format_version="\N{ARABIC-INDIC DIGIT THREE}"),
        lambda entries: entries["__metadata__"].update(format_version="0"),
        lambda entries: entries["__metadata__"].pop("header") and None,
        lambda entries: entries["__metadata__"].update(header="[]"),
        lambda entries: entries["__metadata__"].update(crc32="00000000"),
        lambda entries: entries.update(x=None),
        lambda entries: entries.update(x={}),
        lambda entries: entries["x"].update(dtype="F1024"),
        lambda entries: entries["x"].update(dtype=["F64"]),
        lambda entries: entries["x"].update(shape=[2**40]),
        lambda entries: entries["x"].update(shape=[2**70, 0]),
        lambda entries: entries["x"].update(shape=[-3]),
        lambda entries: entries["x"].update(shape=[3.0]),
        lambda entries: entries["x"].update(shape=[1] * 200 + [3]),
        lambda entries: entries["x"].update(data_offsets=[0, 2**62]),
        lambda entries: entries["x"].update(data_offsets=[24, 48]),
        lambda entries: entries["x"].update(data_offsets=[0]),
        lambda entries: entries.update(y={"dtype": "F64", "shape": [3], "data_offsets": [0, 24]}),
        lambda entries: entries.update(y={"dtype": "F64", "shape": [3], "data_offsets": [24, 48]}),
    ],
)
def test_whatever_stands_in_the_outer_header_is_a_file_error(tmp_path: Path, change: Any) -> None:
    with pytest.raises(FileError, match=r"is damaged|is not a file written by Lamina|not one written by Lamina"):
        read_tensors(resigned(tmp_path, change))


def test_a_header_that_would_fill_the_memory_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="would take more memory than allowed for a file of this size"):
        read_tensors(resigned(tmp_path, lambda entries: b'{"a":[' + b"[]," * 2_000_000 + b"1]}"))


def test_half_a_character_in_the_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="lone surrogates"):
        write_tensors(tmp_path / "a", {}, {"name": "\ud800"})
    assert not (tmp_path / "a").exists()
    write_tensors(tmp_path / "a", {}, {"name": "\N{ROCKET}"})
    assert read_tensors(tmp_path / "a")[1] == {"name": "\N{ROCKET}"}


# Versions ---------------------------------------------------------------------------------------------------------------------


def earlier(tmp_path: Path) -> Path:
    return resigned(tmp_path, lambda entries: entries["__metadata__"].update(format_version=str(FORMAT_VERSION - 1)))


def test_an_earlier_version_is_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    upgrades = {FORMAT_VERSION - 1: lambda header: {**header, "upgraded": True}}
    assert read_tensors(earlier(tmp_path), upgrades=upgrades)[1] == {"kind": "example", "upgraded": True}
    assert read_tensors(earlier(tmp_path))[1] == {"kind": "example"}


def test_an_earlier_version_that_cannot_be_brought_up_to_date_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=rf"version of {FORMAT_VERSION}, got {FORMAT_VERSION - 1}\. .*use that version to finish"):
        read_tensors(earlier(tmp_path), upgrades={})


def test_a_header_that_its_own_version_could_not_have_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=rf"does not hold what format version {FORMAT_VERSION - 1} says \(KeyError: 'estimator'\)"
    ):
        read_tensors(earlier(tmp_path), upgrades={FORMAT_VERSION - 1: lambda header: header["estimator"]})
