"""Several columns of numbers that one model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from lamina.data.arrow_tables import as_columns
from lamina.data.learn_column import ReadingSettings
from lamina.data.target import Target, TargetColumn, Task
from lamina.errors import DataError, phrase

__all__ = ["AnyTarget", "SeveralTargets", "check_names", "learn_targets"]


@dataclass(frozen=True)
class SeveralTargets:
    """Columns of numbers that a model predicts together; the counterpart of :class:`~lamina.data.Target` for more than one.

    Parameters
    ----------
    targets : tuple of Target
        Two or more regression targets.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.data import target_column
    >>> table = pa.table({"a": [1.5, 2.5, 3.0], "b": [1, 2, 3]})
    >>> goal = learn_targets([target_column(table, name) for name in "ab"], "auto")
    >>> rows, y = goal.present_rows(table)
    >>> rows.tolist(), y.tolist()
    ([0, 1, 2], [[1.5, 1.0], [2.5, 2.0], [3.0, 3.0]])
    """

    task: ClassVar[str] = "regression"
    classes: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
    reason: ClassVar[str] = "several columns of numbers"
    targets: tuple[Target, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(target.name for target in self.targets)

    @property
    def class_labels(self) -> np.ndarray:
        """The classes, of which numbers have none, ndarray of shape (0,)."""
        return np.empty(0)

    @property
    def name(self) -> str:
        """The names, for people."""
        return ", ".join(self.names)

    def present_rows(self, table: Any, *, unknown: Literal["raise", "drop", "keep"] = "raise") -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows that have every target, and the targets, ndarray of shape (n, targets); notes count the others.

        Parameters
        ----------
        table : data frame
        unknown : {"raise", "drop", "keep"}, default="raise"
            As for :meth:`Target.present_rows`; numbers are always known.

        Raises
        ------
        DataError
            If no row has every target, or a target is no finite number.
        """
        columns = as_columns(table, owner="target_column")
        found = [target.present_rows(columns) for target in self.targets]
        num_rows = columns.num_rows
        has_all = np.all([np.isin(np.arange(num_rows), rows) for rows, _ in found], axis=0)
        if not has_all.any():
            raise DataError(
                f"the targets {list(self.names)} must have a row that holds all of them, got none. Name other columns."
            )
        return np.flatnonzero(has_all), np.column_stack([y[has_all[rows]] for rows, y in found])

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers stay as they are."""
        return numbers

    def to_dict(self) -> dict[str, Any]:
        """These targets as a JSON-serializable dict."""
        return {"targets": [target.to_dict() for target in self.targets]}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The targets described by :meth:`to_dict`."""
        return cls(tuple(Target.from_dict(entry) for entry in state["targets"]))


AnyTarget = Target | SeveralTargets


def check_names(names: Sequence[str]) -> None:
    """Reject no target at all, and one that is named twice.

    Raises
    ------
    DataError
    """
    if not names or len(set(names)) < len(names):
        raise DataError(phrase("target", "must be a column, or several of different names", list(names)))


def learn_targets(given: Sequence[TargetColumn], task: Task, settings: ReadingSettings | None = None) -> AnyTarget:
    """The target of one column, or the targets of several.

    Raises
    ------
    DataError
        If a column cannot be predicted, or several are to be classes.
    """
    if len(given) == 1:
        return Target.fit(given[0], task, settings)
    if task == "classification":
        names = [name for name, _ in given]
        raise DataError(phrase("target", "must be one column for a classification", names, repair="Train a model for each."))
    return SeveralTargets(tuple(Target.fit(column, "regression", settings) for column in given))
