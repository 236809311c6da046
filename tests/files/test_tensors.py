"""What is written is read back bit for bit; what is damaged, foreign or newer is refused."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from safetensors.numpy import save_file

from lamina.errors import FileError, InvalidSettingError
from lamina.files import FORMAT_VERSION, read_tensors, write_tensors

DTYPES = ["?", "i1", "u1", "i4", "i8", "f2", "f4", "f8", ">f4", ">i8"]


@given(data=st.data(), dtype=st.sampled_from(DTYPES), transpose=st.booleans())
def test_arrays_of_any_shape_order_and_dtype_survive_bit_for_bit(data: st.DataObject, dtype: str, transpose: bool) -> None:
    array = data.draw(st_numpy.arrays(np.dtype(dtype), st_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    array = array.T if transpose else array
    with tempfile.TemporaryDirectory() as folder:
        write_tensors(Path(folder) / "a", {"x": array}, {})
        (read,) = read_tensors(Path(folder) / "a")[0].values()
    assert read.shape == array.shape
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.tobytes() == np.ascontiguousarray(array).astype(read.dtype).tobytes()


def test_arrays_read_are_writable(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.zeros(2)}, {})
    arrays, _ = read_tensors(tmp_path / "a")
    arrays["x"][0] = 1.0
    assert arrays["x"].tolist() == [1.0, 0.0]


def test_the_header_keeps_text_numbers_and_numpy_values(tmp_path: Path) -> None:
    header = {
        "text": "naïve ☃",
        "float": 0.1,
        "array": np.arange(2),
        "scalar": np.float32(0.5),
        "none": None,
        "nan": float("nan"),
    }
    write_tensors(tmp_path / "a", {}, header)
    read = read_tensors(tmp_path / "a")[1]
    assert np.isnan(read.pop("nan"))
    assert read == {"text": "naïve ☃", "float": 0.1, "array": [0, 1], "scalar": 0.5, "none": None}


def test_a_long_header_of_short_values_is_read_back(tmp_path: Path) -> None:
    header = {"history": [{"epoch": i, "loss": 0.5} for i in range(300_000)], "empty": [[]] * 300_000}
    write_tensors(tmp_path / "a", {}, header)
    assert read_tensors(tmp_path / "a")[1] == header


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", ["\ud800", {"\udc00": 1}, b"x", 2j, 10**5000, np.longdouble(1), nested(150), nested(3000)], ids=range(8)
)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, value: object) -> None:
    with pytest.raises(InvalidSettingError):
        write_tensors(tmp_path / "a", {}, {"history": [{"figure": value}]})
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.array([1j])])
def test_arrays_that_cannot_be_stored_are_refused_by_name(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(FileError, match="array 'odd' must hold booleans, integers or floats"):
        write_tensors(tmp_path / "a", {"odd": array}, {})
    assert not (tmp_path / "a").exists()


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_tensors(path, {"x": np.arange(3.0)}, {"kind": "example"})
    whole = path.read_bytes()
    broken = [whole[:length] for length in range(len(whole))]
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 0x10
        broken.append(bytes(flipped))
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(FileError, match=r"is damaged|written by Lamina|newer Lamina"):
            read_tensors(path)


def test_bytes_after_the_end_are_noticed(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.arange(3.0)}, {})
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes() + b"more")
    with pytest.raises(FileError, match="is damaged"):
        read_tensors(tmp_path / "a")


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1" + bytes(100), bytes(range(256))])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileError, match="is not a file written by Lamina"):
        read_tensors(tmp_path / "a")


def test_safetensors_files_of_others_are_refused(tmp_path: Path) -> None:
    save_file({"x": np.zeros(3)}, tmp_path / "a")
    with pytest.raises(FileError, match="a safetensors file, but not one written by Lamina"):
        read_tensors(tmp_path / "a")


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    metadata = {"format": "lamina", "format_version": "999", "header": json.dumps({}), "crc32": "0"}
    save_file({"x": np.zeros(3)}, tmp_path / "a", metadata=metadata)
    with pytest.raises(FileError, match=rf"format version of at most {FORMAT_VERSION}, got 999\. .*upgrade"):
        read_tensors(tmp_path / "a")


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file or directory"):
        read_tensors(tmp_path / "a")
