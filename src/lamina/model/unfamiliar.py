"""Which cells of new rows are unlike those that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data_frame import to_data_frame
from lamina.errors import counted
from lamina.text_table import text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Unfamiliar", "index_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Unfamiliar:
    """The cells of a table that are unlike those of training, as :meth:`TableModel.unfamiliar` found them.

    Predictions for rows with such cells rest on what the network makes of values that it was never shown; no interval or
    probability knows of that.

    Attributes
    ----------
    columns : tuple of str
        The columns that the model uses.
    cells : ndarray of shape (n, columns) bool
        Whether a number or a date is outside of the range of the training rows, a category was unseen or rare there, or a value
        is missing in a column where none was.
    index : pandas.Index, optional
        The labels of the rows, of a pandas data frame.
    """

    columns: tuple[str, ...]
    cells: np.ndarray
    index: Any = None

    @property
    def counts(self) -> np.ndarray:
        """The number of such cells of each row, ndarray of shape (n,)."""
        return np.asarray(self.cells.sum(axis=1))

    def to_frame(self) -> pd.DataFrame:
        """The cells as a pandas data frame, a column for each, with the index of the data frame that was given."""
        frame = to_data_frame(dict(zip(self.columns, self.cells.T, strict=True)), "Unfamiliar")
        return frame if self.index is None else frame.set_axis(self.index, axis=0)

    def __str__(self) -> str:
        found = self.cells.sum(axis=0)
        order = [i for i in np.argsort(-found, kind="stable") if found[i]]
        rows = f"{int((self.counts > 0).sum()):,} of {counted(len(self.cells), 'row')} are unlike those of training"
        if not order:
            return f"{rows}."
        listed: dict[str, list[Any]] = {"column": [self.columns[i] for i in order], "rows": found[order].tolist()}
        return f"{rows}, in these columns:\n{text_table(listed)}"

    def __repr__(self) -> str:
        return f"<Unfamiliar: {int((self.counts > 0).sum())} of {len(self.cells)} rows>"


def index_of(table: Any) -> Any:
    """The index of a pandas data frame; None of anything else."""
    return table.index if hasattr(table, "iloc") and table.ndim == 2 else None
