"""The first pass over a table of many files: what columns hold is learned, and some rows are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.column_reader import OnError
from lamina.data.digests import CategoryDigest, TableDigest
from lamina.data.shards.shards import Block, Shards, as_table, without_dictionaries
from lamina.data.shards.split import Split
from lamina.data.table_reader import ReadTable, TableReader
from lamina.data.target import Target, TargetColumn
from lamina.errors import DataError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading shards")

__all__ = ["RowReader", "Survey", "survey"]


class RowReader(NamedTuple):
    """How blocks are read: the columns to predict from, and the targets."""

    reader: TableReader
    targets: Sequence[Target]
    on_error: OnError = "fail"

    def read(self, block: Block) -> tuple[ReadTable, np.ndarray]:
        """The values of the columns to predict from, and the numbers of the rows that have every target.

        Raises
        ------
        DataError
            If a value is of another kind than its column's; the error names the file.
        """
        columns = block.columns
        with block.named():
            missing = [target.read(TargetColumn(target.name, columns[target.name])).missing for target in self.targets]
            present = np.flatnonzero(~np.any(missing, axis=0))
            features = columns.without(*(target.name for target in self.targets))
            table = self.reader.read(features, list(self.reader.readers), self.on_error)
        return (table.take(present) if len(present) < columns.num_rows else table), present


class Survey(NamedTuple):
    """What the first pass found.

    Attributes
    ----------
    digest : TableDigest
        Of the rows to train on.
    targets : tuple of Target
        With all classes.
    class_counts : dict of str to int
        The rows to train on, of each class; empty of numbers.
    sample, validation, test : Columns or None
        Rows as they were read, with their targets.
    num_read, num_dropped, num_training : int
        All rows, those without a target, and those to train on.
    rows_of_pieces : tuple of int
        The rows to train on of each piece of the shards.
    """

    digest: TableDigest
    targets: tuple[Target, ...]
    class_counts: dict[str, int]
    sample: Columns
    validation: Columns | None
    test: Columns | None
    num_read: int
    num_dropped: int
    num_training: int
    rows_of_pieces: tuple[int, ...]


def survey(shards: Shards, reader: RowReader, split: Split) -> Survey:
    """Go through all rows once.

    Raises
    ------
    DataError
        If a value is of another kind than its column's, a target has too few classes or too many, or there is no row to train on.
    FileError
        If a file is damaged.
    """
    digest, kept = TableDigest(reader.reader), _Kept()
    classes = [CategoryDigest() for _ in reader.targets]
    of_training = CategoryDigest()
    num_read = num_present = 0
    pieces = shards.pieces
    rows_of_pieces = [0] * len(pieces)
    for number, block in ((number, block) for number, piece in enumerate(pieces) for block in shards.read(piece)):
        table, present = reader.read(block)
        num_read += block.columns.num_rows
        num_present += len(present)
        if not len(present):
            continue
        parts = split.parts(table)
        rows_of_pieces[number] += int(parts.training.sum())
        digest.add(table if parts.training.all() else table.take(np.flatnonzero(parts.training)))
        for target, found in zip(reader.targets, classes, strict=True):
            values = target.read(TargetColumn(target.name, block.columns[target.name])).take(present)
            if target.task == "classification":
                found.add(values)
                of_training.add(values.take(np.flatnonzero(parts.training)))
            else:
                with block.named():
                    target.encoded(values)
        kept.keep("sample", block.columns, present[parts.sample])
        kept.keep("validation", block.columns, present[parts.validation])
        kept.keep("test", block.columns, present[parts.test])
    targets = tuple(_with_classes(target, found) for target, found in zip(reader.targets, classes, strict=True))
    sample = kept.columns("sample")
    if sample is None:
        raise DataError(f"a table must have rows with a target to train on, got none of {num_read}. Add them.")
    features = sample.without(*(target.name for target in targets))
    digest.learn_texts(reader.reader.read(features, list(reader.reader.readers), reader.on_error))
    parts_of_rows = (sample, kept.columns("validation"), kept.columns("test"))
    counts = of_training.counts(1).frequent
    numbers = num_read, num_read - num_present, digest.num_rows
    return Survey(digest, targets, counts, *parts_of_rows, *numbers, tuple(rows_of_pieces))


def _with_classes(target: Target, found: CategoryDigest) -> Target:
    if target.task == "regression":
        return target
    if not found.is_exact:
        raise DataError(
            f"target {target.name!r} must hold classes, got more than 100,000 different values. Use the task regression, or name "
            "another column."
        )
    return target.with_classes(found.counts(1).frequent, found.num_rows)


class _Kept:
    """Rows that are kept as they came, by what they are for."""

    def __init__(self) -> None:
        self._tables: dict[str, list[pa.Table]] = {}

    def keep(self, name: str, columns: Columns, rows: np.ndarray) -> None:
        if len(rows):
            self._tables.setdefault(name, []).append(as_table(columns).take(pa.array(rows)))

    def columns(self, name: str) -> Columns | None:
        tables = self._tables.get(name)
        if tables is None:
            return None
        # Files may hold whole numbers and floats in a column, or dictionaries of different words.
        plain = [without_dictionaries(table) for table in tables]
        return as_columns(pa.concat_tables(plain, promote_options="permissive"), owner="shards")
