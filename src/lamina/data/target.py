"""The column to predict: its task, and its values as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np

from lamina.data.arrow_columns import ArrowColumn, PlainColumn, Unreadable, plain_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.arrow_values import value_type
from lamina.data.column_reader import ColumnReader, UnfitValueError
from lamina.data.learn_column import Learned, ReadingSettings, learn_column
from lamina.data.names import value_name
from lamina.data.notes import note
from lamina.data.opened_column import OpenedColumn
from lamina.data.values import Values
from lamina.errors import DataError, first_of, nearest, shown
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["LabelType", "Target", "TargetColumn", "Task", "target_column"]

Task = Literal["auto", "classification", "regression"]
LabelType = Literal["text", "integer", "number", "boolean"]

_MOST_CLASSES_OF_NUMBERS = 20
_MOST_DOUBTFUL = 100  # distinct whole numbers that may be classes
_LARGEST = 1e100


class TargetColumn(NamedTuple):
    """The column to predict, and its name."""

    name: str
    column: ArrowColumn


@dataclass(frozen=True)
class Target:
    """The column that a model predicts.

    Parameters
    ----------
    name : str
        The column's name.
    task : {"classification", "regression"}
        The learning task.
    reader : ColumnReader
        How the column is read.
    classes : tuple of str, default=()
        For classification: the class names, in the order of the probabilities. Numbers are ordered by value, text
        alphabetically. Equal numbers have equal names, however a table holds them: 7 and 7.0 are "7". Text is taken as it is
        written.
    label_type : {"text", "integer", "number", "boolean"}, default="text"
        What predicted classes are given back as: what the column held.
    labels : tuple of str, default=()
        Of text, the labels to give back where they are not the names, which have no spaces around them.
    reason : str, default=""
        Why this task was chosen, in words.

    Examples
    --------
    >>> target = Target.fit(target_column(pa.table({"kind": ["cat", "dog", None, "cat"]}), "kind"))
    >>> target.task, target.classes
    ('classification', ('cat', 'dog'))
    """

    name: str
    task: str
    reader: ColumnReader
    classes: tuple[str, ...] = ()
    label_type: LabelType = "text"
    labels: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def fit(cls, series: TargetColumn, task: Task = "auto", settings: ReadingSettings | None = None) -> Self:
        """Choose the task and the classes from a column's non-missing values.

        Raises
        ------
        DataError
            If all values are missing, there is only one class, every class has only one row, or a regression target holds text
            or numbers that are not finite.
        """
        target = cls.detect(series, task, settings)
        if target.task == "regression":
            target.encode(series, missing_too=True)
            return target
        values = target.read(series)
        present = values.array[~values.missing]
        counts = np.bincount(present, minlength=len(_names(values)))
        return target.with_classes(dict(zip(_names(values).tolist(), counts.tolist(), strict=True)), len(values.array))

    @classmethod
    def detect(cls, series: TargetColumn, task: Task = "auto", settings: ReadingSettings | None = None) -> Self:
        """The task that a column's values suggest, and how they are read; without the classes, which more rows may add to.

        Raises
        ------
        DataError
            If all values are missing, or all but a few of many texts are numbers or dates.
        """
        name, column = series.name, plain_column(series.column)
        opened = OpenedColumn(column, () if settings is None else settings.missing)
        learned = _learned(name, opened, settings or ReadingSettings())
        reader: Any = learned.reader
        if task == "auto" and learned.odd is not None and len(opened.text.texts) > _MOST_CLASSES_OF_NUMBERS:
            repair = f"Correct them; {learned.odd.repair}; if each is a class, say task='classification' (--task classification)"
            raise DataError(f"target {name!r} must hold numbers or classes, but {learned.odd.told}. {repair}.")
        chosen, reason = (task, "as asked") if task != "auto" else _detect(opened, reader)
        if chosen == "regression":
            if learned.note:
                note(f"target {name!r}: {learned.note}.")
            # Whatever text may be among them is named by the error.
            found = ColumnReader(name, "number", "number", reader.format if reader.holds == "number" else None, reader.missing)
            return cls(name, chosen, found, reason=reason)
        # Whatever the texts of classes may spell, 1.10 is not 1.1.
        holds: Any = "text" if _is_text(column) else reader.holds
        found = ColumnReader(name, "category", holds, missing=reader.missing, fold_case=reader.fold_case)
        return cls(name, chosen, found, (), _label_type(column, holds), reason=reason)

    def with_classes(self, counts: Mapping[str, int], num_rows: int) -> Self:
        """The target with the classes that have rows, of ``num_rows``.

        Raises
        ------
        DataError
            If there is only one class, or every class has only one row.
        """
        classes = _classes(self.name, counts, num_rows, by_value=self.reader.holds == "number")
        is_whole = self.label_type != "integer" or all(map(_is_whole, classes))
        return replace(self, classes=classes, label_type=self.label_type if is_whole else "number")

    def encode(self, series: TargetColumn, *, missing_too: bool = False) -> np.ndarray:
        """The values as numbers, ndarray of shape (n,): class indices int64, or float64. No value may be missing.

        Raises
        ------
        DataError
            If a class is not one of ``classes``, or a value is not a finite number.
        """
        values = self.read(series)
        if missing_too:
            values = values.take(np.flatnonzero(~values.missing))
        return self.encoded(values)

    def present_rows(self, table: Any, *, unknown: Literal["raise", "drop", "keep"] = "raise") -> tuple[np.ndarray, np.ndarray]:
        """The numbers of a table's rows that have a target, and the encoded targets; a note counts the dropped rows.

        Parameters
        ----------
        table : data frame
        unknown : {"raise", "drop", "keep"}, default="raise"
            What to do with rows whose class training did not have: raise, drop them with a note, or encode them as -1.

        Raises
        ------
        DataError
            If the target is missing in every row, or as for :meth:`encode`.
        """
        series = target_column(table, self.name)
        values = self.read(series)
        rows = np.flatnonzero(~values.missing)
        num_rows = len(values.array)
        if len(rows) == 0:
            raise DataError(f"target {self.name!r} must hold values, got none in {num_rows} rows. Add them.")
        if len(rows) < num_rows:
            note(f"dropped {num_rows - len(rows)} of {num_rows} rows, whose target {self.name!r} is missing.")
        values = values.take(rows)
        if unknown == "keep" and self.task == "classification":
            return rows, self._indices(values)
        if unknown == "drop" and self.task == "classification":
            known = self._indices(values) >= 0
            if known.any() and not known.all():
                names = _some(sorted(set(_names(values)[values.array[~known]].tolist())))
                note(f"dropped {int((~known).sum())} rows of classes that training does not have: {names}.")
                rows, values = rows[known], values.take(np.flatnonzero(known))
        return rows, self.encoded(values)

    def decode(self, indices: np.ndarray) -> np.ndarray:
        """The classes of class indices, ndarray of shape (n,), in the type that the column held; numbers stay as they are."""
        if self.task == "regression":
            return indices
        decoded: np.ndarray = self.class_labels[indices]
        return decoded

    @property
    def class_texts(self) -> tuple[str, ...]:
        """The classes as they were written, for people."""
        return self.labels or self.classes

    @property
    def class_labels(self) -> np.ndarray:
        """The classes in the type that the column held, ndarray of shape (number of classes,)."""
        if self.label_type == "boolean":
            return np.array([name == "true" for name in self.classes])
        if self.label_type == "integer":
            return np.array([int(name) for name in self.classes])
        if self.label_type == "number":
            return np.array([float(name) for name in self.classes])
        labels = self.class_texts
        # NumPy's own texts lose null characters at their ends.
        return np.array(labels, dtype=object if any(label.endswith("\0") for label in labels) else None)

    @property
    def targets(self) -> tuple[Self, ...]:
        """This target alone, in the form of several."""
        return (self,)

    @property
    def names(self) -> tuple[str, ...]:
        """The name alone; the counterpart of :attr:`SeveralTargets.names`."""
        return (self.name,)

    def to_dict(self) -> dict[str, Any]:
        """This target as a JSON-serializable dict."""
        fields = {name: getattr(self, name) for name in ("name", "task", "label_type", "reason")}
        return {**fields, "reader": self.reader.to_dict(), "classes": list(self.classes), "labels": list(self.labels)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The target described by :meth:`to_dict`."""
        reader = ColumnReader.from_dict(state["reader"])
        return cls(**{**state, "reader": reader, "classes": tuple(state["classes"]), "labels": tuple(state["labels"])})

    def read(self, series: TargetColumn) -> Values:
        """The values of the column: numbers, or categories, which need not be classes of training.

        Raises
        ------
        DataError
            If values are of another kind.
        """
        try:
            return self.reader.read(plain_column(series.column))
        except UnfitValueError as error:
            unfit = UnfitValueError(
                f"target {self.name!r} must hold {'numbers for regression' if self.task == 'regression' else 'classes'}, "
                f"got {shown(error.value)} (row {error.row + 1}). Correct it, or use the task classification."
            )
            unfit.value, unfit.row = error.value, error.row
            raise unfit from error

    def encoded(self, values: Values) -> np.ndarray:
        """:meth:`encode` of values that were read.

        Raises
        ------
        DataError
            If a class is not one of ``classes``, or a value is not a finite number.
        """
        if self.task == "regression":
            return _finite(self.name, values.array)
        indices = self._indices(values)
        if (indices < 0).any():
            unknown = sorted(set(_names(values)[values.array[indices < 0]].tolist()))
            raise DataError(
                f"target {self.name!r} must hold the classes of training ({_some(self.classes)}), got {_some(unknown)}. "
                "Leave such rows out."
            )
        return indices

    def _indices(self, values: Values) -> np.ndarray:
        """The class of each row, -1 where training did not have it; spelling counts only where it tells classes apart."""
        index = {name: i for i, name in enumerate(self.classes)}
        alike = {_spelled_alike(name): i for name, i in index.items()}
        if len(alike) < len(index):
            alike = {}
        if self.label_type == "boolean":
            alike |= {"0": index["false"], "1": index["true"]}
        known = [index.get(name, alike.get(_spelled_alike(name), -1)) for name in _names(values)]
        indices: np.ndarray = np.array([*known, -1], dtype=np.int64)[values.array]
        return indices


def target_column(table: Any, name: str) -> TargetColumn:
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
        If there is no such column (the nearest name is suggested), or the table is none.
    """
    columns: Columns = as_columns(table, owner="target_column")
    if name not in columns:
        guess = nearest(name, columns) if isinstance(name, str) else None
        repair = f"Did you mean {guess!r}?" if guess else f"The columns are {_some(list(columns))}."
        raise DataError(f"target must be a column of the table, got {name!r}. {repair}")
    return TargetColumn(name, columns[name])


def _is_text(column: PlainColumn) -> bool:
    kind = None if isinstance(column, Unreadable) else column.type
    return kind is not None and value_type(kind) == "text"


def _learned(name: str, opened: OpenedColumn, settings: ReadingSettings) -> Learned:
    """How the column is read, which it is."""
    learned = learn_column(name, opened, settings)
    if learned.reader is not None:
        return learned
    if isinstance(opened.column, Unreadable) or learned.reason != "every value is missing":
        found = opened.column.type
        raise DataError(f"target {name!r} must hold numbers, truth values or text, got the type {found}. Convert it.")
    raise DataError(f"target {name!r} must hold values, got none in {len(opened.column)} rows. Name another column.")


def _detect(opened: OpenedColumn, reader: ColumnReader) -> tuple[str, str]:
    """The task that a column's values suggest, and why."""
    if reader.kind == "category" or reader.holds != "number":
        return "classification", "truth values" if reader.holds == "boolean" else "text"
    values = reader.read_opened(opened)
    present = _finite(reader.column, values.array[~values.missing])
    if len(present) == 0:
        raise DataError(f"target {reader.column!r} must hold values, got none in {len(values.array)} rows. Name another column.")
    distinct = np.unique(present)
    if (distinct != np.round(distinct)).any():
        return "regression", "numbers with fractions"
    repeated = len(distinct) <= len(present) // 5
    task = "classification" if repeated and len(distinct) <= _MOST_CLASSES_OF_NUMBERS else "regression"
    reason = f"{len(distinct)} distinct whole numbers"
    if repeated and 2 < len(distinct) <= _MOST_DOUBTFUL:
        other, taken = ("regression", "classes") if task == "classification" else ("classification", "quantities")
        note(f"target {reader.column!r} holds {reason}, taken for {taken}; if they are not, say task={other!r} (--task {other}).")
    return task, reason


def _classes(target: str, counts: Mapping[str, int], num_rows: int, *, by_value: bool) -> tuple[str, ...]:
    names = [name for name, count in counts.items() if count]
    if not names:
        raise DataError(f"target {target!r} must hold values, got none in {num_rows} rows. Name another column.")
    if len(names) < 2:
        raise DataError(
            f"target {target!r} must have at least two classes, got only {names[0]!s} in {counts[names[0]]} rows. "
            "Add rows of another class or name another column."
        )
    if max(counts.values()) == 1:
        raise DataError(
            f"target {target!r} must have a class with two rows or more, got {len(names)} classes with one row each. "
            "Name another column, or use the task regression if it holds numbers."
        )
    if by_value:
        _finite(target, np.array([float(name) for name in names]))
    return tuple(sorted(names, key=float) if by_value else sorted(names))


def _label_type(column: PlainColumn, holds: str) -> LabelType:
    """What the classes of a column are given back as; whole numbers only if all classes are."""
    if _is_text(column) or holds not in ("number", "boolean"):
        return "text"
    if holds == "boolean":
        return "boolean"
    kind: Any = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return "integer" if pa.types.is_integer(kind) else "number"


def _spelled_alike(name: str) -> str:
    """What names share that differ in case alone, or as 7 and 7.0 do."""
    try:
        return value_name(float(name))
    except ValueError:
        return name.casefold()


def _is_whole(name: str) -> bool:
    return name.removeprefix("-").isdecimal()


def _names(values: Values) -> np.ndarray:
    if values.names is None:
        raise TypeError("only categories have names")
    return values.names


def _finite(target: str, values: np.ndarray) -> np.ndarray:
    """Numbers, once they are known to be finite and not huge."""
    bad = ~(np.abs(values) <= _LARGEST)
    if bad.any():
        raise DataError(
            f"target {target!r} must hold finite numbers of at most {_LARGEST:g} in size, got {values[bad][0]!s} "
            f"in {int(bad.sum())} of {len(values)} rows. Correct those rows or leave them empty."
        )
    return values


def _some(names: Sequence[Any]) -> str:
    return first_of(list(map(repr, names)), 8)
