"""Finding and checking the files of a table before anything is learned of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lamina.data.arrow_values import value_type
from lamina.data.checks import check_column_names
from lamina.data.file_errors import FEATHER, PARQUET, foreign_errors_as_ours
from lamina.data.notes import note
from lamina.data.shards.csv_shard import CsvShard, TextReading
from lamina.data.shards.feather_shard import FeatherShard
from lamina.data.shards.foldered_shard import FolderedShard, keys_of_folders
from lamina.data.shards.parquet_shard import ParquetShard
from lamina.data.shards.places import Place, places_of, suffix_of
from lamina.data.shards.shard import Shard
from lamina.data.shards.shards import Shards
from lamina.errors import DataError, FileError, LaminaError, counted, first_of
from lamina.extras import OptionalModule, require
from lamina.validation import check_parameters, choice

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import dataset
else:
    pa = OptionalModule("pyarrow", owner="reading shards")
    dataset = OptionalModule("pyarrow.dataset", owner="reading shards")

__all__ = ["OnBadShard", "are_shards", "open_shards"]

OnBadShard: TypeAlias = Literal["fail", "skip"]

_SHOWN = 5
_MOST_BYTES_A_BLOCK = 64 << 20


def are_shards(table: Any) -> bool:
    """Whether a table is given by its files: as a folder, pattern or address, as the path of a file, or as a dataset of pyarrow.

    >>> are_shards("data/*.parquet"), are_shards({"x": [1]})
    (True, False)
    """
    return isinstance(table, str | os.PathLike) or _is_dataset(table)


def _is_dataset(table: Any) -> bool:
    return type(table).__module__.partition(".")[0] == "pyarrow" and hasattr(table, "get_fragments")


def open_shards(
    table: Any,
    *,
    on_bad_shard: OnBadShard = "fail",
    needed: Sequence[str] | None = None,
    reading: TextReading | None = None,
    same_kinds: bool = True,
) -> Shards:
    """The files of a table, checked as far as their headers tell.

    Parameters
    ----------
    table : str, path or pyarrow.dataset.Dataset
        A folder, pattern or address of Parquet, Feather or text files, or one such file; or a dataset of Parquet files. Folders
        such as ``year=2024`` are columns of text, unless the files have one of that name; one that all files share, only if it
        is ``needed``.
    on_bad_shard : {"fail", "skip"}, default="fail"
        What a file does that is damaged, has no rows, lacks a column, or holds a column of another type than most: raise, or be
        left out with a note.
    needed : sequence of str, optional
        The columns to read; by default, those of most files.
    reading : TextReading, optional
        How text files are read.
    same_kinds : bool, default=True
        Whether a column must hold the same kind of values in all files, which is to be learned of them.

    Raises
    ------
    FileError
        If there is no such file, or one is damaged.
    DataError
        If a file has no rows, lacks a column, or holds one of another type.
    InvalidSettingError
        If ``on_bad_shard`` is something else.
    MissingPackageError
        If pyarrow is not installed (see the extra ``tables``).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lamina.data import write_table
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for i in range(3):
    ...     write_table(folder / f"part-{i}.parquet", pa.table({"x": [i, i + 1]}))
    >>> shards = open_shards(folder / "*.parquet")
    >>> len(shards.shards), shards.num_rows
    (3, 6)
    """
    check_parameters({"on_bad_shard": on_bad_shard}, {"on_bad_shard": choice(("fail", "skip"))}, owner="open_shards")
    require("pyarrow", owner="reading shards")
    bad: dict[str, LaminaError] = {}
    opened = _of_dataset(table, bad) if _is_dataset(table) else _of_places(places_of(table), reading or TextReading(), bad)
    unsaid = set() if needed is not None or _is_dataset(table) else _telling_nothing(opened)
    usual = list(needed) if needed is not None else [name for name in _usual_columns(opened) if name not in unsaid]
    kinds = _usual_kinds(opened, usual) if same_kinds else {}
    is_mixed = len({isinstance(shard, CsvShard) for shard in opened}) > 1
    good = []
    for shard in opened:
        error = _fault(shard, usual, kinds, is_mixed=is_mixed)
        if error is None:
            good.append(shard)
        else:
            bad[shard.name] = error
    _report(bad, len(good), on_bad_shard)
    if needed is None:
        _note_further(good, {*usual, *unsaid})
        if not _is_dataset(table):  # where they were asked for
            _note_folders(good, usual)
    return Shards(good, usual, _rows_a_block(good))


def _of_places(places: Sequence[Place], reading: TextReading, bad: dict[str, LaminaError]) -> list[Shard]:
    opened: list[Shard] = []
    for place in places:
        try:
            if place.size == 0:
                raise DataError(f"{place.name}: a table must have at least one row, got an empty file. Write it again.")
            with foreign_errors_as_ours(place.name):
                shard = _shard(place, reading)
                keys = {key: value for key, value in keys_of_folders(place.name).items() if key not in shard.schema.names}
                opened.append(FolderedShard(shard, keys) if keys else shard)
        except (FileError, DataError) as error:
            bad[place.name] = error
    return opened


def _shard(place: Place, reading: TextReading) -> Shard:
    suffix = suffix_of(place.path)
    if suffix in PARQUET:
        return ParquetShard(place)
    return FeatherShard(place) if suffix in FEATHER else CsvShard(place, reading)


def _of_dataset(table: dataset.Dataset, bad: dict[str, LaminaError]) -> list[Shard]:
    """The Parquet files of a dataset, with the columns that its folders stand for."""
    opened: list[Shard] = []
    try:
        fragments = sorted(table.get_fragments(), key=lambda fragment: str(getattr(fragment, "path", "")))
    except ValueError as error:  # of pyarrow, about a filter
        repair = "Give the dataset without the filter, or write the rows that it keeps to files (pyarrow.dataset.write_dataset)."
        raise DataError(f"a dataset must hold its files as they are, got one with a filter. {repair}") from error
    for fragment in fragments:
        if not isinstance(fragment, dataset.ParquetFileFragment):
            found = getattr(getattr(fragment, "format", None), "default_extname", type(fragment).__name__)
            raise DataError(
                f"a dataset must be of Parquet files, got {found}. Give the folder or a pattern of the files in its place."
            )
        try:
            size = fragment.filesystem.get_file_info(fragment.path).size or 0
            place = Place(fragment.path, fragment.path, fragment.filesystem, size)
            with foreign_errors_as_ours(place.name):
                groups = None if fragment.row_groups is None else [group.id for group in fragment.row_groups]
                keys = dataset.get_partition_keys(fragment.partition_expression)
                shard = ParquetShard(place, groups)
                opened.append(FolderedShard(shard, keys) if keys else shard)
        except (FileError, DataError) as error:
            bad[fragment.path] = error
    return opened


def _usual_columns(shards: Sequence[Shard]) -> list[str]:
    """The columns of most files, in the order of the first that has them."""
    if not shards:
        return []
    for shard in shards:
        check_column_names(shard.name, shard.schema.names)
    sets = Counter(frozenset(shard.schema.names) for shard in shards)
    most = max(sets.values())
    return next(list(shard.schema.names) for shard in shards if sets[frozenset(shard.schema.names)] == most)


def _usual_kinds(shards: Sequence[Shard], names: Sequence[str]) -> dict[str, str | None]:
    """What the values of each column are in most files."""
    kinds = {}
    for name in names:
        found = Counter(_kind(shard, name) for shard in shards if name in shard.schema.names)
        del found["nothing"]
        kinds[name] = max(found, key=lambda kind: found[kind]) if found else "nothing"
    return kinds


def _kind(shard: Shard, name: str) -> str | None:
    kind = shard.schema.field(name).type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_string_view(kind):
        return "text"
    return value_type(kind)


def _fault(shard: Shard, names: Sequence[str], kinds: dict[str, str | None], *, is_mixed: bool) -> LaminaError | None:
    """What is wrong with a file that can be read."""
    lacking = [name for name in names if name not in shard.schema.names]
    if lacking:
        listed = first_of(list(map(repr, lacking)), _SHOWN)
        return DataError(f"{shard.name}: every file of a table must have its columns, got none named {listed}. Write it again.")
    if shard.num_rows == 0:
        return DataError(
            f"{shard.name}: every file of a table must have at least one row, got none. Remove it or write it again."
        )
    for name in kinds:
        found = _kind(shard, name)
        if found not in (kinds[name], "nothing"):
            held = shard.schema.field(name).type
            repair = (
                "Text files (CSV, TSV) have no types, so do not train on them together with Parquet or Feather: convert the ones "
                "to the others."
            )
            return DataError(
                f"{shard.name}: column {name!r} must hold {kinds[name]}, as in most files, got the type {held}. "
                f"{repair if is_mixed else 'Convert it.'}"
            )
    return None


def _report(bad: dict[str, LaminaError], num_good: int, on_bad_shard: OnBadShard) -> None:
    if not bad:
        return
    first, *others = [bad[name] for name in sorted(bad)]
    if on_bad_shard == "fail" or not num_good:
        more = f" {counted(len(others), 'more file')} cannot be used either." if others else ""
        skip = " With on_bad_shard='skip' (--on-bad-shard skip) such files are left out." if num_good else ""
        raise type(first)(f"{first}{more}{skip}") from first
    for error in (first, *others):
        note(f"left out: {error}")


def _note_further(shards: Sequence[Shard], names: Collection[str]) -> None:
    further = {name for shard in shards for name in shard.schema.names} - set(names)
    if further and shards:
        listed = first_of([repr(name) for name in sorted(further)], _SHOWN)
        note(f"ignored columns that most files do not have: {listed}.")


def _note_folders(shards: Sequence[Shard], names: Sequence[str]) -> None:
    found = {key for shard in shards if isinstance(shard, FolderedShard) for key in shard.values}
    read = [repr(name) for name in names if name in found]
    if read:
        note(f"read from the names of folders: {first_of(read, _SHOWN)}.")


def _telling_nothing(shards: Sequence[Shard]) -> set[str]:
    """Keys of folders that all files share, as where a whole table lies in ``run=1/``: they tell no rows apart."""
    found = [shard.values if isinstance(shard, FolderedShard) else {} for shard in shards]
    return {key for key, value in found[0].items() if all(each.get(key) == value for each in found)} if found else set()


def _rows_a_block(shards: Sequence[Shard]) -> int:
    """So many rows that a block of them takes 64 MB at most, of wide tables."""
    known = [shard for shard in shards if shard.num_rows]
    rows = sum(shard.num_rows or 0 for shard in known)
    if not rows:
        return 1 << 16
    a_row = max(sum(shard.size for shard in known) / rows, 1.0)
    return int(min(max(_MOST_BYTES_A_BLOCK / a_row, 1 << 10), 1 << 16))
