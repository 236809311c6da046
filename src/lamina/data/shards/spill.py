"""Arrays on disk for as long as a training goes on: a file without a name, that ends with the process at the latest."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

__all__ = ["Spill", "Spilled"]

_SHARE_OF_DISK = 0.5  # of what is free in the folder for temporary files


class Spilled(NamedTuple):
    """Where an array lies in the file, and what it is."""

    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]


class Spill:
    """A temporary file of arrays, each of which is written once and read any number of times, from any thread.

    Parameters
    ----------
    among : int, default=1
        How many such files share the disk.
    most_bytes : int, optional
        The largest size of the file; by default its part of half of what is free on the disk.

    Examples
    --------
    >>> spill = Spill()
    >>> [place] = spill.write([np.arange(3)])
    >>> spill.read(place).tolist()
    [0, 1, 2]
    """

    def __init__(self, among: int = 1, *, most_bytes: int | None = None) -> None:
        free = int(shutil.disk_usage(tempfile.gettempdir()).free * _SHARE_OF_DISK / among)
        self.most_bytes = free if most_bytes is None else most_bytes
        self.size = 0
        self._file = tempfile.TemporaryFile(prefix="lamina-", buffering=0)  # noqa: SIM115  # it lives as long as this object
        self._lock = Lock()
        self._close = weakref.finalize(self, self._file.close)

    def write(self, arrays: Sequence[np.ndarray]) -> list[Spilled] | None:
        """Where some arrays lie from now on; None if there is no room for them."""
        sizes = [array.nbytes for array in arrays]
        with self._lock:
            start = self.size
            if start + sum(sizes) > self.most_bytes:
                return None
            self.size += sum(sizes)
        places = []
        for array, size in zip(arrays, sizes, strict=True):
            places.append(Spilled(start, array.dtype, array.shape))
            start += size
        try:
            with self._lock:
                self._file.seek(places[0].offset)
                for array in arrays:
                    self._file.write(np.ascontiguousarray(array).view(np.uint8).data)
        except OSError:  # others have filled the disk
            self.most_bytes = 0
            return None
        return places

    def read(self, place: Spilled) -> np.ndarray:
        """An array that was written."""
        array = np.empty(place.shape, place.dtype)
        with self._lock:
            self._file.seek(place.offset)
            self._file.readinto(array.view(np.uint8).data)
        return array

    def close(self) -> None:
        """Delete the file; nothing can be read any more."""
        self._close()
