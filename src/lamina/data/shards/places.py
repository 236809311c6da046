"""Which files a path, a folder, a pattern or an address stands for, on any file system that pyarrow knows."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.data.file_errors import foreign_errors_as_ours
from lamina.data.readers import TABLE_SUFFIXES
from lamina.errors import FileError
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    from pyarrow import fs
else:
    fs = OptionalModule("pyarrow.fs", owner="reading shards")

__all__ = ["Place", "names_several", "places_of", "stands_for", "suffix_of"]

_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/")
_WILD = re.compile(r"[*?\[]")
_NOT_IN_FOLDERS = (".txt", ".data", ".txt.gz", ".data.gz")  # such files often lie beside a table, and say what it is


class Place(NamedTuple):
    """A file on a file system; ``name`` is what people call it."""

    name: str
    path: str
    filesystem: fs.FileSystem
    size: int

    def open(self) -> Any:
        """The file, for reading at any position."""
        return self.filesystem.open_input_file(self.path)


def names_several(given: str | os.PathLike[str]) -> bool:
    """Whether a text names a folder, a pattern or an address, and not one file here.

    >>> names_several("data/*.parquet"), names_several("s3://bucket/table.parquet"), names_several("table.csv")
    (True, True, False)
    """
    text = os.fspath(given)
    path = Path(text)
    return path.is_dir() or (not path.exists() and bool(_WILD.search(text) or _ADDRESS.match(text)))


def suffix_of(path: str) -> str:
    """The suffix that tells what a table's file holds, with that of a compression; empty if it is none.

    >>> suffix_of("a/b.csv.gz"), suffix_of("a/b.parquet"), suffix_of("a/b.png")
    ('.csv.gz', '.parquet', '')
    """
    lowered = path.lower()
    return next((suffix for suffix in sorted(TABLE_SUFFIXES, key=len, reverse=True) if lowered.endswith(suffix)), "")


def places_of(given: str | os.PathLike[str]) -> list[Place]:
    """The table files that a path, folder, pattern or address stands for, in the order of their names.

    In a pattern, ``*`` and ``?`` stand for what is within one name, ``**`` for folders too. Files and folders whose names begin
    with a dot or an underscore are passed over, as those that Spark and others write beside tables; of a folder, so are
    ``.txt`` and ``.data``, which patterns may name.

    Raises
    ------
    FileError
        If there is none, or the file system is not known or does not answer.
    """
    require("pyarrow", owner="reading shards")
    text = os.fspath(given)
    with foreign_errors_as_ours(text):
        filesystem, path, prefix = _file_system(text)
        wild = _WILD.search(path)
        if wild is None:
            base, pattern = path, None
        else:
            base, pattern = path[: path.rfind("/", 0, wild.start()) + 1], _pattern(path)
        found = _listed(filesystem, base or ".", pattern, prefix)
    if not found:
        listed = ", ".join(suffix for suffix in TABLE_SUFFIXES if wild is not None or suffix not in _NOT_IN_FOLDERS)
        raise FileError(f"no table found in {text!r}: no file that ends in one of {listed}. Check the path.")
    return sorted(found, key=lambda place: place.path)


def stands_for(given: str | os.PathLike[str], path: Path) -> bool:
    """Whether a folder or pattern of this machine would name a file, too, if it lay at a path.

    >>> stands_for("data/*.csv", Path("data/new.csv")), stands_for("data/*.csv", Path("data/out/new.csv"))
    (True, False)
    """
    text = re.sub(r"^file:/+", "/", os.fspath(given))
    wild = None if Path(text).exists() else _WILD.search(text)
    if _ADDRESS.match(text):
        return False
    base = text if wild is None else text[: text.rfind("/", 0, wild.start()) + 1]
    real, around = Path(os.path.realpath(path)), Path(os.path.realpath(base or "."))
    if not real.is_relative_to(around) or real == around:
        return False
    inside = real.relative_to(around)
    if any(part.startswith((".", "_")) for part in inside.parts):
        return False
    return wild is None or _pattern(text[len(base) :]).fullmatch(inside.as_posix()) is not None


def _file_system(text: str) -> tuple[fs.FileSystem, str, str]:
    """The file system, the path on it, and what people put before paths."""
    if _ADDRESS.match(text) is None:
        path = text.replace(os.sep, "/")
        return fs.LocalFileSystem(), path, ""
    # The command's parser takes one of two slashes.
    scheme, rest = re.sub(r":/+", "://", text, count=1).split("://", 1)
    wild = _WILD.search(rest)
    fixed = rest if wild is None else rest[: rest.rfind("/", 0, wild.start()) + 1]
    address = f"{scheme}://{'/' * (scheme == 'file')}{fixed.lstrip('/') if scheme == 'file' else fixed}"
    try:
        filesystem, path = fs.FileSystem.from_uri(address)
    except Exception as error:
        filesystem, path = _of_fsspec(address, error)
    ending = "" if wild is None else rest[len(fixed) :]
    joined = path + ("/" if ending and path and not path.endswith("/") else "") + ending
    return filesystem, joined, f"{scheme}://"


def _of_fsspec(address: str, error: Exception) -> tuple[fs.FileSystem, str]:
    """The file system of fsspec, which knows more of them than pyarrow does."""
    try:
        from fsspec.core import url_to_fs  # an optional package that pyarrow's users often have
    except ImportError:
        raise FileError(
            f"cannot read {address!r}: pyarrow does not know such addresses ({error}). Install fsspec and its package for them."
        ) from error
    filesystem, path = url_to_fs(address)
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), path


def _listed(filesystem: fs.FileSystem, base: str, pattern: re.Pattern[str] | None, prefix: str) -> list[Place]:
    info = filesystem.get_file_info(base.rstrip("/") or base)
    if info.type == fs.FileType.NotFound:
        raise FileError(f"no table found in {prefix + base!r}: there is no such file or folder. Check the path.")
    if info.type == fs.FileType.File:
        return [Place(prefix + info.path, info.path, filesystem, info.size or 0)]
    is_local = isinstance(filesystem, fs.LocalFileSystem)
    entries = _local_files(filesystem, base) if is_local else filesystem.get_file_info(fs.FileSelector(base, recursive=True))
    start = len(base.rstrip("/")) + 1
    return [
        Place(prefix + entry.path, entry.path, filesystem, entry.size or 0)
        for entry in entries
        if entry.type == fs.FileType.File
        and suffix_of(entry.path)
        and (pattern is not None or suffix_of(entry.path) not in _NOT_IN_FOLDERS)
        and not any(part.startswith((".", "_")) for part in entry.path[start:].split("/"))
        and (pattern is None or pattern.fullmatch(entry.path.removeprefix("./")))
    ]


def _local_files(filesystem: fs.FileSystem, folder: str, within: frozenset[str] = frozenset()) -> list[fs.FileInfo]:
    """All files below a folder of this machine; a link to a folder that contains the link is not followed."""
    real = os.path.realpath(folder)
    if real in within:
        return []
    found: list[fs.FileInfo] = []
    for entry in filesystem.get_file_info(fs.FileSelector(folder)):
        if entry.type == fs.FileType.Directory:
            found += _local_files(filesystem, entry.path, within | {real})
        else:
            found.append(entry)
    return found


def _pattern(path: str) -> re.Pattern[str]:
    """A path with wildcards as a regular expression."""
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", path.removeprefix("./"))
    meant = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(piece) or (_of_set(piece) if piece[:1] == "[" else re.escape(piece)) for piece in pieces))


def _of_set(piece: str) -> str:
    return piece.replace("[!", "[^").replace("\\", "\\\\") if piece.endswith("]") else re.escape(piece)
