"""The column to predict: its task, and its values as numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.category import label_text
from lamina.data.columns.missing import is_missing, object_values
from lamina.data.frames import as_frame
from lamina.data.notes import note
from lamina.errors import DataError, nearest, shown

__all__ = ["Target", "Task", "target_column"]

Task = Literal["auto", "classification", "regression"]

_MOST_CLASSES_OF_NUMBERS = 20
_LARGEST = 1e100


@dataclass(frozen=True)
class Target:
    """The column that a model predicts.

    Parameters
    ----------
    name : str
        The column's name.
    task : {"classification", "regression"}
        The learning task.
    classes : tuple of str, default=()
        For classification: the class names, in the order of the probabilities. Numbers are ordered by value, text
        alphabetically.
    numeric : bool, default=False
        Whether the classes are numbers; they are then decoded as numbers.
    reason : str, default=""
        Why this task was chosen, in words.

    Examples
    --------
    >>> import pyarrow as pa
    >>> target = Target.fit(target_column(pa.table({"kind": ["cat", "dog", None, "cat"]}), "kind"))
    >>> target.task, target.classes
    ('classification', ('cat', 'dog'))
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()
    numeric: bool = False
    reason: str = ""

    @classmethod
    def fit(cls, series: nw.Series, task: Task = "auto") -> Self:
        """Choose the task and the classes from a column's non-missing values.

        Raises
        ------
        DataError
            If all values are missing, there is only one class, every class has only one row, or a regression target holds text
            or numbers that are not finite.
        """
        present = series.filter((~is_missing(series)).tolist())
        if len(present) == 0:
            raise DataError(f"target {series.name!r} must hold values, got none in {len(series)} rows. Name another column.")
        reason = "as asked"
        chosen: str = task
        if task == "auto":
            chosen, reason = _detect(present)
        if chosen == "regression":
            _numbers(present)
            return cls(series.name, chosen, reason=reason)
        return cls(series.name, chosen, _classes(present), bool(present.dtype.is_numeric()), reason)

    def encode(self, series: nw.Series) -> np.ndarray:
        """The values as numbers, ndarray of shape (n,): class indices int64, or float64. No value may be missing.

        Raises
        ------
        DataError
            If a class is not one of ``classes``, or a value is not a finite number.
        """
        if self.task == "regression":
            return _numbers(series)
        index = {name: i for i, name in enumerate(self.classes)}
        names = [label_text(value) for value in object_values(series)]
        unknown = sorted(set(names) - set(index))
        if unknown:
            raise DataError(
                f"target {self.name!r} must hold the classes of training ({_some(self.classes)}), got {_some(unknown)}. "
                "Leave such rows out."
            )
        return np.array([index[name] for name in names], dtype=np.int64)

    def present_rows(self, frame: nw.DataFrame) -> tuple[nw.DataFrame, np.ndarray]:
        """The rows of a table that have a target, and the encoded target; a note counts the dropped rows.

        Raises
        ------
        DataError
            If the target is missing in every row, or as for :meth:`encode`.
        """
        present = ~is_missing(target_column(frame, self.name))
        if not present.any():
            raise DataError(f"target {self.name!r} must hold values, got none in {len(frame)} rows. Add them.")
        if not present.all():
            note(f"dropped {int((~present).sum())} of {len(frame)} rows, whose target {self.name!r} is missing.")
            frame = frame.filter(present.tolist())
        return frame, self.encode(frame[self.name])

    def decode(self, values: np.ndarray) -> np.ndarray:
        """The classes of class indices, ndarray of shape (n,): text, or numbers if the column held numbers."""
        if self.task == "regression":
            return values
        names: np.ndarray = np.array(self.classes, dtype=object if any(name.endswith("\0") for name in self.classes) else None)
        if self.numeric:
            numbers = names.astype(np.float64)
            whole = bool((numbers == np.round(numbers)).all() and (np.abs(numbers) < 2**53).all())
            names = numbers.astype(np.int64) if whole else numbers
        decoded: np.ndarray = names[values]
        return decoded

    def to_dict(self) -> dict[str, Any]:
        """This target as a JSON-serializable dict."""
        return {**asdict(self), "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The target described by :meth:`to_dict`."""
        return cls(**{**state, "classes": tuple(state["classes"])})


def target_column(table: Any, name: str) -> nw.Series:
    """The column to predict.

    Parameters
    ----------
    table : data frame
        Of pandas, polars or pyarrow.
    name : str
        Name of the column.

    Raises
    ------
    DataError
        If there is no such column (the nearest name is suggested); or as for :func:`~lamina.data.as_frame`.
    """
    frame = as_frame(table, owner="target_column")
    if name not in frame.columns:
        guess = nearest(name, frame.columns)
        repair = f"Did you mean {guess!r}?" if guess else f"The columns are {_some(frame.columns)}."
        raise DataError(f"target must be a column of the table, got {name!r}. {repair}")
    return frame[name]


def _detect(present: nw.Series) -> tuple[str, str]:
    if not present.dtype.is_numeric() or present.dtype.is_decimal():
        spelled = "truth values" if present.dtype == nw.Boolean else "text"
        if present.dtype.is_decimal():
            return "regression", "numbers"
        return "classification", spelled
    values = _numbers(present)
    distinct = np.unique(values)
    if (distinct != np.round(distinct)).any():
        return "regression", "numbers with fractions"
    if len(distinct) <= min(_MOST_CLASSES_OF_NUMBERS, len(values) // 5):
        return "classification", f"{len(distinct)} distinct whole numbers"
    return "regression", f"{len(distinct)} distinct numbers"


def _classes(present: nw.Series) -> tuple[str, ...]:
    if present.dtype.is_numeric():
        _numbers(present)
    # As objects, because NumPy's strings lose trailing null characters.
    texts = np.array([label_text(value) for value in object_values(present)], dtype=object)
    values, counts = np.unique(texts, return_counts=True)
    if len(values) < 2:
        raise DataError(
            f"target {present.name!r} must have at least two classes, got only {values[0]!s} in {len(present)} rows. "
            "Add rows of another class or name another column."
        )
    if counts.max() == 1:
        raise DataError(
            f"target {present.name!r} must have a class with two rows or more, got {len(values)} classes with one row each. "
            "Name another column, or use the task regression if it holds numbers."
        )
    if present.dtype.is_numeric():
        return tuple(sorted(map(str, values), key=float))
    return tuple(map(str, values))


def _numbers(series: nw.Series) -> np.ndarray:
    """Finite numbers of a column without missing values, ndarray of shape (n,) float64."""
    values = np.empty(len(series))
    for i, value in enumerate(object_values(series)):
        try:
            values[i] = float(value)
        except (TypeError, ValueError, ArithmeticError) as error:  # also beyond floats, and Decimal's signaling NaN
            raise DataError(
                f"target {series.name!r} must hold numbers for regression, got {shown(value)} (row {i + 1}). "
                "Correct it, or use the task classification."
            ) from error
    bad = ~(np.abs(values) <= _LARGEST)
    if bad.any():
        raise DataError(
            f"target {series.name!r} must hold finite numbers of at most {_LARGEST:g} in size, got {values[bad][0]!s} "
            f"in {int(bad.sum())} of {len(values)} rows. Correct those rows or leave them empty."
        )
    return values


def _some(names: Any) -> str:
    shown = ", ".join(map(repr, list(names)[:8]))
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
