"""Opening files for reading: regular files only, whose size is known before the first read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lamina.errors import FileError

__all__ = ["opened"]


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file for reading.

    Anything but a regular file (a folder, a device such as ``/dev/zero``, a pipe, a socket) may be endless, and is rejected.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    file : binary file
        Open for reading.
    size : int
        Size of the file in bytes.

    Raises
    ------
    FileError
        If the file is missing, not readable, or not a regular file; OSErrors raised in the block are converted too.

    Examples
    --------
    >>> with opened("/dev/zero") as (file, size):
    ...     pass
    Traceback (most recent call last):
    lamina.errors.FileError: cannot read '/dev/zero': it is a device, not a file. Name a file.
    """
    name = os.fspath(path)
    try:
        kind = _kind_of(Path(path).stat().st_mode)
        if kind is not None:
            raise FileError(f"cannot read {name!r}: it is a {kind}, not a file. Name a file.")
        with Path(path).open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {name!r}: {(error.strerror or str(error)).lower()}. Check the path.") from error
    except ValueError as error:
        if "\0" in os.fsdecode(name):
            raise FileError(f"cannot read {name!r}: a name cannot hold a null character. Check the path.") from error
        raise


def _kind_of(mode: int) -> str | None:
    """The kind of a file that is not regular, in a word; None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")
