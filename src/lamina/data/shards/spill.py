"""Arrays on disk for as long as a training goes on: a file without a name, that ends with the process at the latest."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from lamina.data.notes import note
from lamina.errors import FileError

__all__ = ["Spill", "Spilled"]

_SHARE_OF_DISK = 0.5  # of what is free in the folder for temporary files


class Spilled(NamedTuple):
    """Where an array lies in the file, and what it is."""

    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]


class Spill:
    """A temporary file of arrays, each of which is written once and read any number of times, from any thread.

    Where it has no room, or cannot be made at all, nothing more is written, and a note says so.

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
        self.size = 0
        self._lock = Lock()
        self._has_room = True
        try:
            free = int(shutil.disk_usage(tempfile.gettempdir()).free * _SHARE_OF_DISK / among)
            self.most_bytes = free if most_bytes is None else most_bytes
            file: io.FileIO | io.BytesIO = tempfile.TemporaryFile(prefix="lamina-", buffering=0)  # noqa: SIM115  # closed at the end
        except OSError as error:  # also where each folder that could be one is full
            self.most_bytes, file = 0, io.BytesIO()
            self._say(error)
        self._file = file
        self._close = weakref.finalize(self, file.close)

    def write(self, arrays: Sequence[np.ndarray]) -> list[Spilled] | None:
        """Where some arrays lie from now on; None if there is no room for them."""
        sizes = [array.nbytes for array in arrays]
        with self._lock:
            start = self.size
            if start + sum(sizes) > self.most_bytes:
                self._say()
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
                    self._write_whole(_bytes_of(np.ascontiguousarray(array)))
        except OSError as error:  # others have filled the disk
            self.most_bytes = 0
            self._say(error)
            return None
        return places

    def read(self, place: Spilled) -> np.ndarray:
        """An array that was written."""
        array = np.empty(place.shape, place.dtype)
        left = _bytes_of(array)
        with self._lock:
            self._file.seek(place.offset)
            while left:
                count = self._file.readinto(left)
                if not count:
                    raise FileError("the temporary file of encoded rows ended early. Train again, with a TMPDIR on another disk.")
                left = left[count:]
        return array

    def close(self) -> None:
        """Delete the file; nothing can be read any more."""
        self._close()

    def _write_whole(self, left: memoryview) -> None:
        """Write all: a disk that is about to be full takes a part of it, and says so the next time."""
        while left:
            left = left[self._file.write(left) :]

    def _say(self, error: OSError | None = None) -> None:
        """Note once that there is no room."""
        if self._has_room:
            self._has_room = False
            why = "" if error is None else f" ({(error.strerror or str(error)).lower()})"
            note(
                f"there is no room for all encoded rows in the folder for temporary files{why}: the others are encoded anew in "
                "every epoch, which takes longer. Free some space there, or name another folder by the variable TMPDIR."
            )


def _bytes_of(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
