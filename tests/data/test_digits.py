"""Digits from IDX files, NPZ files, packages and scikit-learn."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from lamina.data import digits, load_digits
from lamina.data.idx import read_idx
from lamina.errors import DataError, FileError

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, size=(7, 4, 4), dtype=np.uint8), np.array([3, 1, 4, 1, 5, 9, 2], dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_folder(folder: Path, suffix: str = "", pack: object = bytes) -> None:
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(IMAGES)))  # type: ignore[operator]
        (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(LABELS)))  # type: ignore[operator]


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_idx_files_are_read_gzipped_or_not(tmp_path: Path, suffix: str, pack: object) -> None:
    write_folder(tmp_path, suffix, pack)
    found = load_digits(tmp_path)
    np.testing.assert_allclose(found.train_images, IMAGES.reshape(7, 16) / 255, rtol=1e-6)
    np.testing.assert_array_equal(found.test_labels, LABELS)
    assert (found.side, found.name) == (4, "MNIST")


def test_an_npz_file_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2])
    found = load_digits(tmp_path / "mnist.npz")
    assert found.test_images.shape == (2, 16)
    assert found.train_images.max() <= 1


def test_without_mnist_scikit_learns_digits_serve_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "_packaged", lambda: None)
    found = load_digits()
    assert str(found) == "scikit-learn's digits: 1,497 + 300 images of 8 × 8 pixels"
    assert (found.train_images.min(), found.train_images.max()) == (0, 1)


def test_a_pickle_that_names_anything_but_arrays_is_refused() -> None:
    import io

    payload = pickle.dumps(print)
    with pytest.raises(DataError, match="must hold arrays only"):
        digits._ArraysOnly(io.BytesIO(payload)).load()


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="must hold train-images-idx3-ubyte"):
        load_digits(tmp_path)


DAMAGED = {
    "empty": b"",
    "text": b"text",
    "short": idx(IMAGES)[:-1],
    "cut in its head": idx(IMAGES)[:6],
    "packed and cut": gzip.compress(idx(IMAGES))[:40],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_idx_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(FileError):
        read_idx(tmp_path / "images")


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read"):
        load_digits(tmp_path / "nothing.npz")
    np.savez(tmp_path / "other.npz", x=IMAGES)
    with pytest.raises(FileError, match="must hold x_train"):
        load_digits(tmp_path / "other.npz")


def test_labels_that_are_no_digits_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=IMAGES, y_train=LABELS + 5, x_test=IMAGES, y_test=LABELS)
    with pytest.raises(FileError, match="one label 0 to 9 for each image"):
        load_digits(tmp_path / "mnist.npz")
