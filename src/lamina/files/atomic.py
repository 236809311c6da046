"""Atomic writes: outputs go to a temporary file in the same folder, are synced to disk, and are then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lamina.errors import FileError

if sys.platform != "win32":
    import fcntl

__all__ = ["atomic_write", "check_writable", "remove_abandoned"]

_SUFFIX = ".part"


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open ``path`` for writing so that it is replaced atomically when the block ends, or not changed at all.

    The block writes to a temporary file next to ``path``, which is synced to disk and renamed over it. If the block or the
    disk fails, an existing file at ``path`` stays unchanged, and the temporary file is removed; one left behind by a killed
    process is removed by the next write to the same ``path``. Symbolic links are followed. The mode of an existing file is kept,
    and the temporary file never permits more. Anything but a regular file (``/dev/stdout``, a pipe) is written directly.

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
    with _as_file_error(path), _temporary(target, mode) as (temporary, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        if sys.platform == "win32":  # cannot rename open files; elsewhere the file stays locked until it is renamed
            file.close()
        temporary.replace(target)
        _sync_folder(target.parent)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the :class:`~lamina.errors.FileError` that writing ``path`` would raise, before any work is done.

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
        with _temporary(target, mode):
            pass


def remove_abandoned(path: str | os.PathLike[str]) -> None:
    """Remove what killed writers of ``path`` left beside it, as the next write to it would.

    >>> remove_abandoned("/nowhere/a.model")
    """
    _remove_abandoned(_target(path))


def _target(path: str | os.PathLike[str]) -> Path:
    """The file behind all links; ``path`` itself if that file has no name, such as a pipe behind ``/dev/stdout``."""
    if "\0" in os.fsdecode(path):
        raise FileError(f"cannot write {os.fspath(path)!r}: a name cannot hold a null character. Use another name.")
    with _as_file_error(path):
        given, resolved = Path(path), Path(os.path.realpath(path))
        return resolved if resolved.exists() or not given.exists() else given


@contextmanager
def _temporary(target: Path, mode: int | None) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file next to ``target``, which is removed at the end unless it was renamed.

    It is locked as long as its writer lives, so a file that can be locked was left by a killed writer and is removed.
    """
    _remove_abandoned(target)
    temporary, descriptor = _create(target, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield temporary, file
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _create(target: Path, mode: int | None) -> tuple[Path, int]:
    """The temporary file and its descriptor, locked. A new file gets the mode given by the user's umask."""
    permissions = 0o666 if mode is None else stat.S_IMODE(mode) & 0o777
    while True:
        temporary = target.with_name(f"{_stem(target)}{secrets.token_hex(6)}{_SUFFIX}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), permissions)
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, stat.S_IMODE(mode))
        # Between opening and locking, another process may have removed the file as abandoned.
        if _lock(descriptor) is not False and os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _stem(target: Path) -> str:
    """The prefix of the target's temporary files: short enough for any system, and unique to the target."""
    name = os.fsencode(target.name)
    readable = name[:80].decode("ascii", "replace").replace("\ufffd", "_")
    return f".{readable}.{hashlib.blake2b(name, digest_size=6).hexdigest()}."


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files left by killed writers of ``target``; those of live writers are locked."""
    if sys.platform == "win32":
        return
    stem = _stem(target)
    with suppress(OSError):
        for beside in target.parent.iterdir():
            if beside.name.startswith(stem) and beside.name.endswith(_SUFFIX):
                _remove_if_abandoned(beside)


def _remove_if_abandoned(temporary: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(temporary, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if _lock(descriptor):
                temporary.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Whether the file is now locked by this process; None if locks are not supported."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _checked_mode(target: Path) -> int | None:
    """The mode of the file at ``target``, or None if there is none; raises if no file can be put there."""
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
    """The operating system's message, and a fix."""
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
    """Make the rename itself durable, on systems where a folder can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
