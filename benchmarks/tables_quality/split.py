"""Training and test rows: a seed draws them, alike for every model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.tables_quality.table import Rows, Table

__all__ = ["FEWEST_OF_A_CLASS", "Split", "split"]

FEWEST_OF_A_CLASS = 10
"""Classes that the training rows would have fewer of are left out."""

_TEST_SHARE, _MOST_TEST_ROWS = 0.25, 20_000


@dataclass(frozen=True, slots=True)
class Split:
    train: Rows
    X_test: pd.DataFrame
    y_test: np.ndarray

    @property
    def repeated(self) -> float:
        """The share of the test rows that a training row equals: whoever learns by heart has an advantage there."""
        trained, tested = (pd.util.hash_pandas_object(X, index=False) for X in (self.train.X, self.X_test))
        return float(tested.isin(trained).mean())


def split(table: Table, seed: int, most_rows: int | None) -> Split:
    """A quarter of the rows, 20,000 at most, for the test; of the others, ``most_rows`` at most are trained on.

    Classes keep their shares.
    """
    table = _without_rare_classes(table, most_rows)
    num_train, num_test = _sizes(len(table.y), most_rows)
    classes = None if table.task == "regression" else table.y
    train, test = train_test_split(
        np.arange(len(table.y)), train_size=num_train, test_size=num_test, stratify=classes, random_state=seed
    )
    X_train, X_test = (table.X.iloc[rows].reset_index(drop=True) for rows in (train, test))
    rows = Rows(_used_categories(X_train), table.y[train], table.task)
    return Split(rows, X_test, table.y[test])


def _sizes(num_rows: int, most_rows: int | None) -> tuple[int, int]:
    num_test = min(round(_TEST_SHARE * num_rows), _MOST_TEST_ROWS)
    return min(num_rows - num_test, most_rows or num_rows), num_test


def _without_rare_classes(table: Table, most_rows: int | None) -> Table:
    if table.task == "regression":
        return table
    counts = np.bincount(table.y)
    share_trained = _sizes(len(table.y), most_rows)[0] / len(table.y)
    common = np.flatnonzero(counts * share_trained >= FEWEST_OF_A_CLASS)
    kept = np.isin(table.y, common)
    X = table.X[kept].reset_index(drop=True)
    return Table(table.name, X, np.searchsorted(common, table.y[kept]), "binary" if len(common) == 2 else "multiclass")


def _used_categories(X: pd.DataFrame) -> pd.DataFrame:
    categories = X.select_dtypes("category")
    return X.assign(**{name: column.cat.remove_unused_categories() for name, column in categories.items()})
