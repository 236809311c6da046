"""A table to learn from, and a model's view of its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

__all__ = ["Rows", "Table", "Task", "to_table"]

_FEW = 32

Task = Literal["regression", "binary", "multiclass"]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and what is to be predicted: numbers, or classes counted from 0. Categories have pandas' type for them."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    task: Task


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a model is trained on."""

    X: pd.DataFrame
    y: np.ndarray
    task: Task

    @property
    def num_classes(self) -> int:
        return 0 if self.task == "regression" else int(self.y.max()) + 1

    @property
    def categories(self) -> list[str]:
        return [name for name, dtype in self.X.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]

    @property
    def numbers(self) -> list[str]:
        return [name for name in self.X if name not in self.categories]

    @property
    def few_valued(self) -> list[str]:
        """The columns of numbers that have few values, but more than two."""
        return [name for name in self.numbers if 2 < self.X[name].nunique() <= _FEW]

    def as_known(self, X: pd.DataFrame) -> pd.DataFrame:
        """New rows, in which a category that no training row has is missing."""
        return X.assign(**{name: X[name].cat.set_categories(self.X[name].cat.categories) for name in self.categories})


def to_table(name: str, X: pd.DataFrame, y: pd.Series, regression: bool) -> Table:
    """A table of columns as they come; names lose the signs that some libraries refuse."""
    X = X.reset_index(drop=True).set_axis([re.sub(r"[\[\]<>{}\",:]", "_", str(column)) for column in X], axis=1)
    if regression:
        return Table(name, X, np.asarray(y, dtype=float), "regression")
    labels, codes = np.unique(np.asarray(y).astype(str), return_inverse=True)
    return Table(name, X, codes, "binary" if len(labels) == 2 else "multiclass")
