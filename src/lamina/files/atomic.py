"""Nothing is half-written: outputs go to a temporary file in the same folder, reach the disk, and are then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lamina.errors import FileError

__all__ = ["atomic_write", "check_writable"]


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open ``path`` for writing so that it changes all at once, when the block ends, or not at all.

    The block writes to a temporary file beside ``path``, which is synced to the disk and renamed over it. If the block or the
    disk fails, an earlier file at ``path`` stays as it was, and the temporary file is removed. A symbolic link is
    followed, and the mode of an earlier file is kept. What is not a regular file (``/dev/stdout``, a pipe) is written directly.

    Parameters
    ----------
    path : str or path
        The file to create or replace. Its folder must exist.

    Yields
    ------
    file : binary file
        Open for writing and seeking.

    Raises
    ------
    FileError
        If the folder is missing or not writable, ``path`` is a folder, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with atomic_write(path) as file:
    ...     _ = file.write(b"all or nothing")
    >>> path.read_bytes()
    b'all or nothing'
    """
    target = _target(path)
    with _as_file_error(path):
        mode = _checked_mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        with _as_file_error(path), target.open("wb") as file:
            yield file
        return
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.part")
    try:
        with _as_file_error(path):
            # "x" and not tempfile: the new file then gets the mode that the user's umask says.
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(stat.S_IMODE(mode))
            temporary.replace(target)
            _sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the :class:`~lamina.errors.FileError` that writing ``path`` would, before work is spent on what to write.

    Examples
    --------
    >>> check_writable("/nowhere/a.model")
    Traceback (most recent call last):
    lamina.errors.FileError: cannot write '/nowhere/a.model': the folder '/nowhere' does not exist. Create it first.
    """
    target = _target(path)
    with _as_file_error(path):
        mode = _checked_mode(target)
        if mode is not None and not stat.S_ISREG(mode):
            return
        probe = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.part")
        probe.open("xb").close()
        probe.unlink()


def _target(path: str | os.PathLike[str]) -> Path:
    """The file behind all links; ``path`` itself where that has no name, as a pipe behind ``/dev/stdout``."""
    given, resolved = Path(path), Path(os.path.realpath(path))
    return resolved if resolved.exists() or not given.exists() else given


def _checked_mode(target: Path) -> int | None:
    """The mode of what is at ``target`` (None: nothing), once it is known that a file may be put there."""
    if not target.parent.is_dir():
        if target.parent.exists():
            raise NotADirectoryError(f"{str(target.parent)!r} is a file, not a folder. Name another folder.")
        raise FileNotFoundError(f"the folder {str(target.parent)!r} does not exist. Create it first.")
    if target.is_dir():
        raise IsADirectoryError("it is a folder. Name a file inside it.")
    return target.stat().st_mode if target.exists() else None


@contextmanager
def _as_file_error(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {os.fspath(path)!r}: {_explain(error)}") from error


def _explain(error: OSError) -> str:
    """The operating system's words and, where one is known, the repair."""
    if error.errno is None:
        return str(error)
    repairs = {
        errno.ENOSPC: "Free some space or name another folder.",
        errno.EDQUOT: "Free some space or name another folder.",
        errno.EACCES: "Name a folder that you may write to.",
        errno.EPERM: "Name a folder that you may write to.",
        errno.EROFS: "Name a folder that you may write to.",
        errno.ENAMETOOLONG: "Use a shorter name.",
    }
    words = (error.strerror or str(error)).lower()
    return f"{words}. {repairs.get(error.errno, 'Name another file.')}"


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; not every system lets a folder be opened, and then there is nothing to do."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
