"""Arrays on disk while a training goes on, also where the disk is full."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lamina.data import DataWarning
from lamina.data.shards import Spill

NO_ROOM = "there is no room for all encoded rows in the folder for temporary files"
needs_limit = pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")


@contextmanager
def file_limit(num_bytes: int) -> Iterator[None]:
    """A disk that is full when a file has so many bytes: both are errors of the system in the midst of writing."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_written_is_read_in_any_order():
    spill = Spill()
    arrays = [np.arange(5), np.arange(6.0, dtype=np.float32).reshape(2, 3), np.array([True, False]), np.empty((3, 0))]
    places = spill.write(arrays)
    for place, array in reversed(list(zip(places, arrays, strict=True))):
        found = spill.read(place)
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)


@needs_limit
def test_what_a_full_disk_took_a_part_of_was_not_written():
    spill = Spill()
    [first] = spill.write([np.arange(100)])
    with file_limit(1000), pytest.warns(DataWarning, match=NO_ROOM + r" \(file too large\)"):
        assert spill.write([np.arange(50)]) is None
    assert spill.read(first).tolist() == list(range(100))


@needs_limit
def test_after_a_full_disk_nothing_is_tried_any_more_and_nothing_said_again():
    spill = Spill()
    with file_limit(1000), pytest.warns(DataWarning):
        assert spill.write([np.zeros(200)]) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spill.write([np.zeros(1)]) is None


def test_a_size_that_is_reached_is_said_once():
    spill = Spill(most_bytes=100)
    with pytest.warns(DataWarning, match=f"{NO_ROOM}: the others are encoded anew in every epoch") as said:
        assert [spill.write([np.zeros(10)]) is None for _ in range(4)] == [False, True, True, True]
    assert len(said) == 1


def test_without_a_folder_for_temporary_files_nothing_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.warns(DataWarning, match=NO_ROOM + r" \(no such file or directory\)"):
        spill = Spill()
    assert spill.write([np.zeros(1)]) is None
    spill.close()
