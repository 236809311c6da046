"""Writing a table of many files anew, file by file: so that it can be stopped and begun again."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.caller import warn_caller
from lamina.data.shards.places import suffix_of
from lamina.data.shards.shards import Shards, as_table
from lamina.data.writers import check_table_path, write_blocks
from lamina.engine import default_threads
from lamina.errors import FileError, LostWorkerError, first_of
from lamina.extras import OptionalModule
from lamina.files import atomic_write, remove_abandoned
from lamina.spread import JOBS, num_workers, spread
from lamina.validation import check_parameters, one_of, value

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="writing shards")

__all__ = ["Converted", "convert_shards"]

_RECORD = ".lamina.json"
_SHOWN = 4


class Converted(NamedTuple):
    """A file that was written, or was there already; how many rows it has, None if it was there."""

    path: Path
    num_rows: int | None


class _Order(NamedTuple):
    """A file to write, and the table of the one file that it is made of."""

    path: Path
    source: Shards


def convert_shards(
    shards: Shards,
    folder: Path,
    convert: Callable[[pa.Table], pa.Table],
    *,
    suffix: str,
    identity: dict[str, Any],
    jobs: int | None = None,
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
        The table to write of a block. Pickled, where other processes do it.
    suffix : str
        Of the files to write, such as ``".parquet"``.
    identity : dict
        What the result depends on, which JSON can hold.
    jobs : int, optional
        Files that are written at once, by as many processes, >= 1; -1: as many as there are cores, -2: one fewer. By default one
        after the other, or as a ``joblib.parallel_config`` around the call says. The files are the same.

    Yields
    ------
    Converted
        In the order of the files.

    Raises
    ------
    InvalidSettingError
        If ``jobs`` is something else.
    FileError
        If a file cannot be read or written, two would have the same name, or the folder holds files made in another way. The
        files that are whole stay, and a further call goes on with the others; so they do after the other errors, and Ctrl-C.
    LostWorkerError
        If one of the processes was killed. The message names the files that were being written.
    """
    check_parameters({"jobs": jobs}, {"jobs": one_of(JOBS, value(None))}, owner="convert_shards")
    check_table_path(f"x{suffix}", "output")
    names = _names(shards, suffix)
    _check_record(folder, {"identity": identity, "suffix": suffix})
    paths = [folder / name for name in names]
    missing = [
        _Order(path, Shards([shard], shards.names, shards.rows_a_block))
        for path, shard in zip(paths, shards.shards, strict=True)
        if not path.exists()
    ]
    made = _made(missing, convert, jobs)
    is_missing = {order.path for order in missing}
    for path in paths:
        yield next(made) if path in is_missing else Converted(path, None)


def _made(orders: Sequence[_Order], convert: Callable[[pa.Table], pa.Table], jobs: int | None) -> Iterator[Converted]:
    workers = min(num_workers(jobs), len(orders))
    if workers <= 1:
        yield from (_converted(order, convert) for order in orders)
        return
    begun: list[_Order] = []

    def beginning() -> Iterator[_Order]:
        for order in orders:
            begun.append(order)
            yield order

    try:
        for done, said in spread(partial(_converted_elsewhere, convert=convert, asking=os.getpid()), beginning(), workers):
            for text, category in said:
                warn_caller(text, category)
            yield done
    except BaseException as error:
        left = [order for order in begun if not order.path.exists()]
        for order in left:
            remove_abandoned(order.path)
        if isinstance(error, LostWorkerError) and left:
            listed = first_of([repr(order.source.shards[0].name) for order in left], _SHOWN)
            raise LostWorkerError(f"{error} Not written: {listed}; the files that are whole stay.") from error
        raise


def _converted_elsewhere(
    order: _Order, convert: Callable[[pa.Table], pa.Table], asking: int
) -> tuple[Converted, list[tuple[str, type[Warning]]]]:
    """Write a file with this worker's share of the cores; and what was warned of, which is said where the user is."""
    if os.getpid() == asking:  # a thread of the user's process
        return _converted(order, convert), []
    pa.set_cpu_count(min(pa.cpu_count(), default_threads()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = _converted(order, convert)
    return done, list(dict.fromkeys((str(each.message), each.category) for each in caught))


def _converted(order: _Order, convert: Callable[[pa.Table], pa.Table]) -> Converted:
    path, source = order
    if path.exists():  # written by another run meanwhile
        return Converted(path, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Converted(path, write_blocks(path, _blocks(source, convert)))


def _blocks(source: Shards, convert: Callable[[pa.Table], pa.Table]) -> Iterator[pa.Table]:
    for block in source.blocks():
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {str(folder)!r}: {(error.strerror or str(error)).lower()}.") from error
    with atomic_write(record) as file:
        file.write(json.dumps({"made": digest}).encode())


def _holds_files(folder: Path) -> bool:
    return any(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))
