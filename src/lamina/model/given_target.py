"""What a caller gives as y, as columns, and the target that is learned of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from lamina.data import Target, Task
from lamina.data.arrow_columns import ArrowColumn, PlainColumn, Unreadable, plain_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.arrow_values import value_type
from lamina.data.learn_column import ReadingSettings
from lamina.data.opened_column import OpenedColumn
from lamina.data.several_targets import AnyTarget, SeveralTargets
from lamina.data.target import TargetColumn
from lamina.data.values import MISSING_CODE
from lamina.errors import DataError, DataTypeError, phrase
from lamina.estimators.given_data import refusals_as_ours
from lamina.extras import OptionalModule
from lamina.model.given_table import as_array, column_of_array, given_columns

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = [
    "check_labels",
    "check_no_missing",
    "free_name",
    "given_column",
    "given_groups",
    "in_label_order",
    "is_same_column",
    "learn_given_targets",
    "learn_target",
    "named_columns",
    "several_columns",
]


def named_columns(y: Any, columns: Columns) -> list[str] | None:
    """The names of columns of X in place of values: a name, or a list of them; None for values."""
    if isinstance(y, str):
        return [y]
    if getattr(y, "ndim", 1) == 1 and hasattr(y, "tolist"):  # an array, a series or an index of pandas
        y = y.tolist()
    if not isinstance(y, list | tuple) or len(y) == columns.num_rows or not all(isinstance(name, str) for name in y):
        return None
    return list(y) if any(name in columns for name in y) else None


def several_columns(y: Any, *, owner: str) -> dict[str, Any] | None:
    """The columns of a frame, array or list of rows that has more than one, by name; None for anything else.

    Raises
    ------
    DataError
        If rows differ in length.
    """
    if hasattr(y, "columns"):
        columns = given_columns(y, owner=owner).columns
        return dict(columns) if len(columns) > 1 else None
    with refusals_as_ours("y", owner):
        array = as_array(y)
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] < 2:
        return None
    return {f"y{i}": array[:, i] for i in range(array.shape[1])}


def free_name(name: str, columns: Columns) -> str:
    """The name, or one like it that no column has."""
    while name in columns:
        name += "_"
    return name


def given_column(y: Any, name: str, *, num_rows: int, owner: str) -> PlainColumn:
    """The values to predict, of a series of any library or an array, as one column.

    Raises
    ------
    DataError
        If they are no single column, or not one for each row of X.
    """
    if y is None:
        rule = f"{owner} requires y to be passed, but the target y is None."
        raise DataError(f"{rule} Give an array of labels or numbers, or the name of a column of X.")
    with refusals_as_ours("y", owner):
        column = _series(y, name, owner)
        if column is None:
            column = plain_column(column_of_array(column_or_1d(as_array(y), warn=True), name))
        if len(column) != num_rows and not isinstance(column, Unreadable):
            check_consistent_length(np.empty(num_rows), np.empty(len(column)))
    return column


def given_groups(groups: Any, num_rows: int, *, owner: str) -> np.ndarray:
    """A number per row that rows of a group share, ndarray of shape (n,) int64.

    Raises
    ------
    DataError
        If there is not one entry for each row, or an entry is missing.
    """
    with refusals_as_ours("groups", owner):
        entries = column_or_1d(as_array(groups)).tolist()
        check_consistent_length(np.empty(num_rows), np.empty(len(entries)))
    for row, entry in enumerate(entries, 1):
        if _is_nothing(entry):
            repair = "Give such a row a group of its own."
            raise DataError(
                phrase("groups", f"must have an entry in every row, and row {row} has none", entry, repair=repair, owner=owner)
            )
    number: dict[Any, int] = {}
    return np.array([number.setdefault(entry, len(number)) for entry in entries])


def is_same_column(one: ArrowColumn, other: ArrowColumn) -> bool:
    """Whether two columns have the same type and values; missing ones are alike."""
    one, other = plain_column(one), plain_column(other)
    if isinstance(one, Unreadable) or isinstance(other, Unreadable) or one.type != other.type or len(one) != len(other):
        return False
    if pa.types.is_floating(one.type):
        return np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True)
    return bool(one.equals(other))


def learn_target(y: Any, given: TargetColumn, task: Task, settings: ReadingSettings, *, owner: str) -> Target:
    """What is to be predicted, learned from an array or series: every row has a value, and each label is a class of its own.

    Raises
    ------
    DataError
        If a row has no value, numbers are no labels where labels are wanted, or two labels are one class.
    """
    _check_complete(y, owner)
    _check_present(_missing_in(given.column, settings), given, owner)
    if task == "classification":
        check_labels(given.column, owner)
        _check_one_type(y, owner)
    target = Target.fit(given, task, settings)
    check_no_missing(target, {given.name: given.column}, owner=owner)
    return _exact(target, given, owner) if task == "classification" else target


def learn_given_targets(y: Any, given: Sequence[TargetColumn], task: Task, settings: ReadingSettings, *, owner: str) -> AnyTarget:
    """:func:`learn_target` of one column, or of each of several.

    Raises
    ------
    DataError
        As :func:`learn_target`.
    """
    if len(given) == 1:
        return learn_target(y, given[0], task, settings, owner=owner)
    parts = zip((several_columns(y, owner=owner) or {}).values(), given, strict=True)
    return SeveralTargets(tuple(learn_target(part, column, task, settings, owner=owner) for part, column in parts))


def in_label_order(target: AnyTarget) -> AnyTarget:
    """The target with classes of text in the order of their labels, as scikit-learn sorts them."""
    return _in_label_order(target) if isinstance(target, Target) and target.label_type == "text" else target


def check_labels(column: ArrowColumn, owner: str) -> None:
    """Refuse numbers with fractions, as scikit-learn does.

    Raises
    ------
    DataError
    """
    column = plain_column(column)
    if not isinstance(column, Unreadable) and pa.types.is_floating(column.type):
        present = np.asarray(column.drop_null())
        with refusals_as_ours("y", owner):
            check_classification_targets(present[np.isfinite(present)])


def check_no_missing(target: AnyTarget, given: Mapping[str, ArrowColumn], *, owner: str) -> None:
    """Raise if a row has no value to predict.

    Raises
    ------
    DataError
    """
    for each in target.targets:
        column = given[each.name]
        _check_present(each.reader.read(column).missing, TargetColumn(each.name, column), owner)


def _missing_in(column: ArrowColumn, settings: ReadingSettings) -> np.ndarray:
    """What is missing in a column of which nothing is known yet."""
    column = plain_column(column)
    if isinstance(column, Unreadable):
        return np.zeros(0, dtype=bool)
    if value_type(column.type) != "text":
        return np.asarray(pc.is_null(column, nan_is_null=True))
    return np.asarray(OpenedColumn(column, settings.missing).text.codes == MISSING_CODE)


def _check_present(missing: np.ndarray, given: TargetColumn, owner: str) -> None:
    if missing.any():
        row = int(np.argmax(missing))
        column = plain_column(given.column)
        found = None if isinstance(column, Unreadable) else column[row].as_py()
        repair = "Leave such rows out, or rename a class that is called so."
        rule = f"must hold a value in every row, and what row {row + 1} holds counts as missing"
        raise DataError(phrase("y", rule, found, repair=repair, owner=owner))


def _series(y: Any, name: str, owner: str) -> PlainColumn | None:
    """A series of pandas, polars or pyarrow as a column of a frame of its library; None for anything else."""
    if hasattr(y, "to_native"):
        y = y.to_native()
    if hasattr(y, "to_series"):  # an index of pandas
        y = y.to_series()
    if isinstance(y, pa.Array | pa.ChunkedArray):
        return plain_column(as_columns(pa.table({name: y}), owner=owner)[name])
    if not hasattr(y, "to_frame") or getattr(y, "ndim", 1) != 1:
        return None
    frame = y.to_frame(name)  # pandas and polars alike
    return plain_column(as_columns(frame, owner=owner)[name])


def _check_complete(y: Any, owner: str) -> None:
    """scikit-learn's refusal of NaN and infinity among numbers."""
    if isinstance(y, np.ndarray) and y.dtype.kind == "f":
        with refusals_as_ours("y", owner):
            assert_all_finite(y, input_name="y", estimator_name=owner)


def _check_one_type(y: Any, owner: str) -> None:
    """Refuse numbers beside texts."""
    array = np.asarray(y)
    if array.dtype.kind == "O":
        kinds = {type(entry) for entry in array.flat if not _is_nothing(entry)}
        texts = {kind for kind in kinds if issubclass(kind, str)}
        if texts and texts != kinds:
            came = " and ".join(sorted(kind.__name__ for kind in kinds))
            repair = "Make them all strings or all numbers."
            raise DataTypeError(phrase("y", "must hold labels of one type", came, repair=repair, owner=owner))


def _is_nothing(entry: Any) -> bool:
    return entry is None or type(entry).__name__ == "NAType" or (isinstance(entry, float) and entry != entry)


def _in_label_order(target: Target) -> Target:
    label = dict(zip(target.classes, target.class_texts, strict=True))
    classes = tuple(sorted(label, key=label.__getitem__))
    labels = tuple(label[name] for name in classes)
    return replace(target, classes=classes, labels=() if labels == classes else labels)


def _exact(target: Target, given: TargetColumn, owner: str) -> Target:
    """A target whose classes are the labels as they were given, in the order in which scikit-learn sorts them."""
    column: Any = given.column
    if target.label_type != "text" or value_type(column.type) != "text":
        return target
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    distinct = pc.drop_null(column.unique())
    texts = distinct.to_pylist()
    indices = target.encode(TargetColumn(given.name, pa.chunked_array([distinct]))).tolist()
    label: dict[int, str] = {}
    for index, text in zip(indices, texts, strict=True):
        if index in label:
            rule = "must hold classes whose names differ in more than the spaces around them"
            raise DataError(phrase("y", rule, sorted((label[index], text)), repair="Spell them alike.", owner=owner))
        label[index] = text
    return _in_label_order(replace(target, labels=tuple(label[i] for i in range(len(label)))))
