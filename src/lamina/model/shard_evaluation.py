"""Evaluation of a model on a table of many files."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lamina.data.notes import note
from lamina.data.shards import Block, OnBadShard, TextReading, open_shards
from lamina.data.table_reader import ReadTable
from lamina.data.target import Target, TargetColumn
from lamina.errors import DataError
from lamina.metrics import Evaluation
from lamina.model.running_evaluation import RunningEvaluation
from lamina.model.table_model import TableModel

__all__ = ["MeasuredRows", "evaluate_shards"]


class MeasuredRows(NamedTuple):
    """How good a model is on rows that came block by block.

    Parameters
    ----------
    metrics : Evaluation
        As of :meth:`TableModel.evaluate <lamina.model.TableModel.evaluate>`.
    num_rows : int
        The rows with a target, of which they are.
    """

    metrics: Evaluation
    num_rows: int


def evaluate_shards(
    model: TableModel, table: Any, *, on_bad_shard: OnBadShard = "fail", reading: TextReading | None = None
) -> MeasuredRows:
    """Compute a model's metrics on a table of many files, block by block.

    Parameters
    ----------
    model : TableModel
    table : str, path or pyarrow.dataset.Dataset
        Files that hold the target, as for :func:`lamina.model.fit_table`; rows where it is missing are left out with a note.
    on_bad_shard : {"fail", "skip"}, default="fail"
        What a file does that is damaged, empty or lacks a column: raise before anything is measured, or be left out with a note.
    reading : TextReading, optional
        How text files are read.

    Returns
    -------
    MeasuredRows
        ``metrics`` and ``num_rows``. Metrics are those of all rows together. Only AUC and average precision are rounded (log-odds
        to 1/6,500 of up to eight classes, coarser of more), and, where targets have more than 4,096 distinct values, the mean
        absolute error of the baseline, to 0.1 %.

    Raises
    ------
    FileError, DataError
        If files, or the rows in them, cannot be used.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pyarrow as pa
    >>> from lamina.data import write_table
    >>> from lamina.model import fit_table
    >>> table = pa.table({"x": [i / 100 for i in range(200)], "y": [3 * i / 100 + 1 for i in range(200)]})
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for i in range(4):
    ...     write_table(folder / f"part-{i}.parquet", table.slice(50 * i, 50))
    >>> measured = evaluate_shards(fit_table(table, "y").model, folder)
    >>> measured.num_rows, measured.metrics["model"]["r2"] > 0.95
    (200, True)
    """
    used = [encoder.column for encoder in model.encoder.encoders_]
    shards = open_shards(table, on_bad_shard=on_bad_shard, needed=[*used, *model.target.names], reading=reading, same_kinds=False)
    reader = _Reader(model)
    running, num_read = RunningEvaluation(model), 0
    for block in shards.blocks():
        num_read += block.columns.num_rows
        with block.named():
            running.add(*reader.read(block))
    if not running.num_rows:
        raise DataError(f"target {model.target.name!r} must hold values, got none in {num_read} rows. Add them.")
    if running.num_rows < num_read:
        note(f"dropped {num_read - running.num_rows} of {num_read} rows, whose target {model.target.name!r} is missing.")
    return MeasuredRows(running.result(), running.num_rows)


class _Reader:
    """Reads the rows of blocks that have every target."""

    def __init__(self, model: TableModel) -> None:
        self._model = model
        self._targets: tuple[Target, ...] = tuple(model.target.targets)

    def read(self, block: Block) -> tuple[ReadTable, np.ndarray]:
        columns = block.columns
        found = [target.read(TargetColumn(target.name, columns[target.name])) for target in self._targets]
        present = np.flatnonzero(~np.any([values.missing for values in found], axis=0))
        y = [target.encoded(values.take(present)) for target, values in zip(self._targets, found, strict=True)]
        table = self._model.read(columns)
        return table.take(present), y[0] if len(y) == 1 else np.column_stack(y)
