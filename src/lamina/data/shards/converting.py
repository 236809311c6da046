"""Writing a table of many files anew, file by file: so that it can be stopped and begun again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.data.shards.places import suffix_of
from lamina.data.shards.shards import Piece, Shards, as_table
from lamina.data.writers import check_table_path, write_blocks
from lamina.errors import FileError
from lamina.files import atomic_write

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Converted", "convert_shards"]

_RECORD = ".lamina.json"


class Converted(NamedTuple):
    """A file that was written, or was there already; how many rows it has, None if it was there."""

    path: Path
    num_rows: int | None


def convert_shards(
    shards: Shards, folder: Path, convert: Callable[[pa.Table], pa.Table], *, suffix: str, identity: dict[str, Any]
) -> Iterator[Converted]:
    """Write what a function makes of each block of each file, to a file of the same name in a folder.

    Each file is whole or not there (:func:`lamina.files.atomic_write`). Files that are there already are kept, if the folder's
    record says that they were made in the same way.

    Parameters
    ----------
    shards : Shards
    folder : Path
        Made where it does not exist. Files that lie in folders of their own keep these.
    convert : callable
        The table to write of a block.
    suffix : str
        Of the files to write, such as ``".parquet"``.
    identity : dict
        What the result depends on, which JSON can hold.

    Raises
    ------
    FileError
        If a file cannot be read or written, two would have the same name, or the folder holds files made in another way.
    """
    check_table_path(f"x{suffix}", "output")
    names = _names(shards, suffix)
    _check_record(folder, {"identity": identity, "suffix": suffix})
    for number, name in enumerate(names):
        path = folder / name
        if path.exists():
            yield Converted(path, None)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        yield Converted(path, write_blocks(path, _blocks(shards, number, convert)))


def _blocks(shards: Shards, number: int, convert: Callable[[pa.Table], pa.Table]) -> Iterator[pa.Table]:
    for piece in range(len(shards.shards[number].rows_of_pieces)):
        for block in shards.read(Piece(number, piece)):
            with block.named():
                yield convert(as_table(block.columns))


def _names(shards: Shards, suffix: str) -> list[str]:
    """The names of the files to write, below the folder that all files share."""
    parts = [shard.name.replace("\\", "/").split("/") for shard in shards.shards]
    shared = 0
    while all(len(names) > shared + 1 and names[shared] == parts[0][shared] for names in parts):
        shared += 1
    names = ["/".join(part[shared:]) for part in parts]
    names = [name[: len(name) - len(suffix_of(name))] + suffix for name in names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        rule = "every file must have a name of its own without its suffix"
        raise FileError(f"{rule}, got several that would be {twice!r}. Rename all but one.")
    return names


def _check_record(folder: Path, made: dict[str, Any]) -> None:
    """Leave word of how the folder's files are made, or compare it with what stands there."""
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    record = folder / _RECORD
    if folder.exists() and not folder.is_dir():
        raise FileError(f"the output for several files must be a folder, got the file {str(folder)!r}. Name a folder.")
    if record.exists() and json.loads(record.read_text(encoding="utf-8")).get("made") == digest:
        return
    # One that failed at its first file has made nothing that could be mixed.
    if record.exists() and _holds_files(folder):
        raise FileError(
            f"the folder {str(folder)!r} holds files that were made by another model or with other options (such as --on-error), "
            "or of other files. Name a new folder, or remove this one and all files are made anew."
        )
    # A killed run may have left the beginning of a record.
    if not record.exists() and folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise FileError(f"the folder {str(folder)!r} holds other files. Name a new folder, or an empty one.")
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(record) as file:
        file.write(json.dumps({"made": digest}).encode())


def _holds_files(folder: Path) -> bool:
    return any(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))
