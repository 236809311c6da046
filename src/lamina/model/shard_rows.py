"""The rows of a table of many files: a sample, validation and test rows in memory, the others as they are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.data.arrow_tables import Columns
from lamina.data.column_types import plainly_typed
from lamina.data.file_errors import PARQUET
from lamina.data.notes import note
from lamina.data.readers import read_table
from lamina.data.several_targets import AnyTarget, SeveralTargets, check_names
from lamina.data.shards import (
    EncodedRows,
    RowReader,
    Shards,
    Spill,
    Split,
    Survey,
    TextReading,
    are_shards,
    names_several,
    open_shards,
    survey,
)
from lamina.data.shards.places import suffix_of
from lamina.data.shards.shards import as_table
from lamina.data.suspicions import say_suspicions
from lamina.data.target import Target, TargetColumn, Task, target_column
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.estimators.fitting import RowBlocks
from lamina.extras import OptionalModule, require
from lamina.model.memory_limit import memory_limit
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import OWNER
from lamina.model.table_rows import Given, Part, Prepared, Streamed, encoder_for, separate, shares_of
from lamina.model.table_settings import TableSettings

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading shards")

__all__ = ["PreparedShards", "is_larger_than_memory", "loaded", "prepare_shards"]

_HEAD_ROWS = 200_000
_MOST_HELD = 200_000
_MOST_SAMPLED = 100_000
_SHARE_OF_MEMORY = 1 / 16  # for each of sample, validation and test rows
_AS_OBJECTS = 3  # times as large as in a file
_LARGER_IN_MEMORY = {".gz": 8.0, ".csv": 1.5, ".parquet": 1.0}


class PreparedShards(NamedTuple):
    """What a training needs, and the columns to predict from as they are in the files."""

    prepared: Prepared
    columns: Columns


def is_larger_than_memory(table: Any, memory: Any = None) -> bool:
    """Whether a table is read block by block: one of many files, or one that is larger than the memory for it.

    Parameters
    ----------
    table : str, path, dataset or data frame
    memory : str, optional
        Such as ``"2GB"``; by default a quarter of the machine's.
    """
    limit = memory_limit(memory)
    if not are_shards(table):
        return False
    if not isinstance(table, str | os.PathLike) or names_several(table):
        return True
    path = Path(table)
    return path.is_file() and _size_in_memory(path) > limit


def loaded(
    path: str | os.PathLike[str], targets: Sequence[str], settings: TableSettings, reading: TextReading | None = None
) -> Any:
    """The table in a file that fits in memory, whose targets have the types that they spell."""
    missing = settings.encoding.parameters()["missing"]
    table = read_table(path, as_text=True, **(reading or TextReading())._asdict())
    for name in targets:
        column = target_column(table, name).column
        table = table.set_column(table.column_names.index(name), name, plainly_typed(name, column, missing=missing))
    return table


def prepare_shards(
    table: Any,
    targets: Sequence[str],
    task: Task,
    *,
    validation: float | Given,
    test: float | Given,
    settings: TableSettings,
    fewest_rows: int,
    reading: TextReading | None = None,
    arranged: Callable[[AnyTarget], AnyTarget] = lambda goal: goal,
) -> PreparedShards:
    """Go through a table of many files once: learn how it is read and encoded, and keep some of its rows.

    Parameters
    ----------
    table : str, path or pyarrow.dataset.Dataset
    targets : sequence of str
        The columns to predict.
    task : {"auto", "classification", "regression"}
    validation, test : float or Given
        A share of the rows to hold out, or separate rows.
    settings : TableSettings
    fewest_rows : int
        With fewer, training is refused.
    reading : TextReading, optional
        How text files are read.
    arranged : callable, optional
        What is done to the target once it is known.

    Raises
    ------
    FileError, DataError
        If files, or the rows in them, cannot be used.
    InvalidSettingError
        If a setting is out of range.
    """
    check_names(targets)
    _check_settings(settings)
    memory = memory_limit(settings.run.memory)
    shards = open_shards(table, on_bad_shard=settings.run.on_bad_shard, reading=reading)
    head = shards.head(_rows_within(memory, shards, _HEAD_ROWS))
    encoder = encoder_for(settings)
    features = head.without(*targets)
    if not features:
        listed = ", ".join(map(repr, targets))
        raise DataError(f"a table must have a column besides {listed}, which is to be predicted, got none. Add one.")
    detected = _detected(head, targets, task, encoder.reading_settings)
    reader = RowReader(encoder.learn(features).reader, detected, settings.encoding.on_error)
    num_rows = shards.num_rows or round(shards.size * head.num_rows / max(as_table(head).nbytes, 1))
    split = Split.of(
        num_rows,
        seed=settings.run.seed,
        validation=0.0 if isinstance(validation, Given) else validation,
        test=0.0 if isinstance(test, Given) else test,
        most_held=_rows_within(memory, shards, _MOST_HELD),
        most_sampled=_rows_within(memory, shards, _MOST_SAMPLED),
    )
    found = survey(shards, reader, split)
    if found.num_training < fewest_rows:
        raise DataError(
            f"a table must have at least {fewest_rows} rows with a target to train on, got {found.num_training}. "
            "Collect more rows."
        )
    encoder.fit(found.digest)
    goal = arranged(found.targets[0] if len(found.targets) == 1 else SeveralTargets(found.targets))
    sample, judging, held_out = (_part(columns, goal, reader) for columns in (found.sample, found.validation, found.test))
    assert sample is not None
    say_suspicions(sample.table, goal, sample.y)
    _note_dropped(found)

    def source(num_epochs: int) -> RowBlocks:
        spill = Spill() if num_epochs > 1 else None
        counts, seed = found.rows_of_pieces, settings.run.seed
        return EncodedRows(shards, reader, split, encoder, goal, rows_of_pieces=counts, seed=seed, spill=spill)

    prepared = Prepared(
        encoder,
        goal,
        sample,
        separate(validation, goal, encoder) or judging,
        separate(test, goal, encoder) or held_out,
        found.num_read,
        found.num_dropped,
        streamed=Streamed(source, found.num_training, found.class_counts),
        shares=shares_of(validation, test),
    )
    return PreparedShards(prepared, features)


def _check_settings(settings: TableSettings) -> None:
    """Reject what needs all rows at once before these are gone through."""
    if settings.run.restarts != 1:
        rule, repair = "must be 1 for a table of many files", "Choose another seed for another start."
        raise InvalidSettingError(phrase("restarts", rule, settings.run.restarts, repair=repair, owner=OWNER))
    if kind_of(settings.optimization.optimizer) == "lbfgs":
        rule, repair = "must take steps for a table of many files", "Choose an optimizer such as adamw."
        raise InvalidSettingError(phrase("optimizer", rule, settings.optimization.optimizer, repair=repair, owner=OWNER))


def _size_in_memory(path: Path) -> float:
    """Bytes that the table in a file takes, roughly."""
    if suffix_of(path.name) in PARQUET:
        from lamina.data.file_errors import foreign_errors_as_ours

        with foreign_errors_as_ours(path):
            metadata = require("pyarrow.parquet", owner="reading tables").ParquetFile(path).metadata
        return float(sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)))
    return path.stat().st_size * _LARGER_IN_MEMORY.get(path.suffix.lower(), 1.5)


def _rows_within(memory: int, shards: Shards, most: int) -> int:
    """So many rows that they take a small share of the memory, at most ``most``."""
    known = shards.num_rows
    a_row = max(shards.size / known if known else 0.0, 8.0 * len(shards.names)) * _AS_OBJECTS
    return int(min(max(memory * _SHARE_OF_MEMORY / a_row, 1000), most))


def _detected(head: Columns, targets: Sequence[str], task: Task, reading: Any) -> list[Target]:
    """The targets as some rows suggest them; those that text spells have the types that it spells."""
    if len(targets) > 1 and task == "classification":
        rule, repair = "must be one column for a classification", "Train a model for each."
        raise DataError(phrase("target", rule, list(targets), repair=repair, owner=OWNER))
    chosen: Task = task if len(targets) == 1 else "regression"
    given = [target_column(head, name) for name in targets]
    typed = [(name, plainly_typed(name, column, missing=reading.missing)) for name, column in given]
    columns = [(name, found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])) for name, found in typed]
    return [Target.detect(TargetColumn(*column), chosen, reading) for column in columns]


def _part(columns: Columns | None, goal: AnyTarget, reader: RowReader) -> Part | None:
    if columns is None:
        return None
    rows, y = goal.present_rows(columns)
    table = reader.reader.read(columns.without(*goal.names), list(reader.reader.readers), reader.on_error)
    return Part(table.take(rows), y)


def _note_dropped(found: Survey) -> None:
    if found.num_dropped:
        names = ", ".join(repr(target.name) for target in found.targets)
        note(f"dropped {found.num_dropped} of {found.num_read} rows, whose target {names} is missing.")
