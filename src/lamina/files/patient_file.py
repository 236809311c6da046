"""A file that grows, and outlives a disk that is full for a while."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal, cast

__all__ = ["PatientFile"]


class PatientFile:
    """A file to add to; what finds no room is kept, and written with what is added later.

    Parameters
    ----------
    path : str or path
    mode : {"ab", "wb", "xb"}
        Whether to append to an earlier file, to replace it, or to refuse it.

    Attributes
    ----------
    waiting : bytes
        What is not written yet.

    Raises
    ------
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> file = PatientFile(path, "wb")
    >>> file.add(b"one")
    >>> file.flush()
    >>> path.read_bytes()
    b'one'
    >>> file.close()
    """

    def __init__(self, path: str | os.PathLike[str], mode: Literal["ab", "wb", "xb"]) -> None:
        # Unbuffered, so that after a failed write it is known to the byte what remains.
        self._file = cast(BinaryIO, Path(path).open(mode, buffering=0))  # noqa: SIM115, closed by close
        self.waiting = b""
        self._path, self._descriptor = path, self._file.fileno()

    def add(self, data: bytes) -> None:
        """Add bytes, which :meth:`flush` writes."""
        self.waiting += data

    def flush(self) -> None:
        """Write what waits.

        Raises
        ------
        OSError
            If not all of it can be written; the rest waits on. Also if the file was removed: the system would go on to write it.
        """
        if self.waiting and self._is_removed():
            raise FileNotFoundError(errno.ENOENT, "The file was removed", os.fspath(self._path))
        while self.waiting:
            self.waiting = self.waiting[self._file.write(self.waiting) :]

    def close(self) -> None:
        """Write what waits, and close the file in any case.

        Raises
        ------
        OSError
            If not all of it can be written.
        """
        try:
            self.flush()
        finally:
            with suppress(OSError):
                self._file.close()

    def _is_removed(self) -> bool:
        """Whether no folder has the file any more; some file systems count no links at all."""
        return os.fstat(self._descriptor).st_nlink == 0 and not Path(self._path).exists()
