"""The rows that a model is judged by, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.data.arrow_columns import plain_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.table_reader import ReadTable
from lamina.errors import DataError, phrase
from lamina.metrics import Evaluation
from lamina.model import TableModel

__all__ = ["Judged", "judged_by"]

_OWNER = "report"
_FEWEST = 2


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """Rows with a target.

    Attributes
    ----------
    table : pyarrow.Table
        The columns that the model reads, and its targets.
    read : ReadTable
        The columns as the model reads them.
    truth : ndarray of shape (n,) or (n, targets)
        Class indices, or numbers.
    rated : ndarray
        Probabilities (n, classes), class indices where there are none, or numbers as ``truth``.
    decided : ndarray of shape (n,)
        Class indices; of numbers, ``rated``.
    evaluation : Evaluation
    """

    table: Any
    read: ReadTable
    truth: np.ndarray
    rated: np.ndarray
    decided: np.ndarray
    evaluation: Evaluation

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return len(self.truth)


def judged_by(model: TableModel, table: Any) -> Judged:
    """What a model says of the rows of a table that holds its target.

    Raises
    ------
    DataError
        If a column is missing or of another kind, the target holds something unknown, or there are fewer than two rows, or of
        classes fewer than two.
    """
    columns = as_columns(table, owner=_OWNER)
    rows, y = model.target.present_rows(columns)
    if len(y) < _FEWEST:
        rule = f"must have {_FEWEST} rows with a target or more"
        raise DataError(phrase("the table", rule, len(y), repair="Give more rows, or no table.", owner=_OWNER))
    if model.target.task == "classification" and len(np.unique(y)) < _FEWEST:
        rule, only = "must have rows of two classes or more", model.target.classes[int(y[0])]
        raise DataError(phrase("the table", rule, only, repair="Add rows of other classes, or give no table.", owner=_OWNER))
    read = model.read(columns).take(rows)
    rated = model.rated(read)
    return Judged(_taken(columns, model, rows), read, y, rated, decided_of(model, rated), model.compare(rated, y))


def decided_of(model: TableModel, rated: np.ndarray) -> np.ndarray:
    """The class indices by probabilities; what is no probability stays."""
    if model.target.task == "regression" or rated.ndim == 1:
        return rated
    return rated.argmax(axis=1) if model.threshold is None else model.decided(rated)


def _taken(columns: Columns, model: TableModel, rows: np.ndarray) -> Any:
    import pyarrow as pa

    names = [*model.encoder.reader_.names, *model.target.names]
    table = pa.table({name: plain_column(columns[name]) for name in names if name in columns})
    return table if len(rows) == table.num_rows else table.take(rows)
