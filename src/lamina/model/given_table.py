"""What a caller gives as X and y, as columns: data frames with their names, arrays with names made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from lamina.caller import warn_caller
from lamina.data import Target, Task
from lamina.data.arrow_tables import ArrowColumn, Columns, Unreadable, as_columns
from lamina.data.arrow_values import value_type
from lamina.data.learn_column import ReadingSettings
from lamina.data.names import value_name
from lamina.data.opened_column import OpenedColumn
from lamina.data.row import Row, as_rows
from lamina.data.several_targets import AnyTarget, SeveralTargets
from lamina.data.target import TargetColumn
from lamina.data.values import MISSING_CODE
from lamina.errors import DataError, DataTypeError, phrase
from lamina.estimators.given_data import refusals_as_ours
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = [
    "GivenColumns",
    "check_labels",
    "check_no_missing",
    "free_name",
    "given_column",
    "given_columns",
    "given_groups",
    "in_label_order",
    "is_same_column",
    "known_columns",
    "known_rows",
    "learn_given_targets",
    "learn_target",
    "named_columns",
    "several_columns",
    "without_rows",
]


class GivenColumns(NamedTuple):
    """The columns of X, and whether their names are its own."""

    columns: Columns
    has_names: bool


def given_columns(X: Any, *, owner: str, fewest_rows: int = 1) -> GivenColumns:
    """The columns of a data frame, or of an array or list of rows, which are then named x0, x1, ….

    Names of a frame that are all no text, such as numbers, are taken as text, but do not count as its own.

    Raises
    ------
    DataError
        If it is neither, has no rows or columns, or its numbers are complex.
    """
    if isinstance(X, Columns):
        return GivenColumns(X, True)
    if _is_frame(X):
        renamed = _with_text_names(X)
        return GivenColumns(as_columns(X if renamed is None else renamed, owner=owner), renamed is None)
    require("pyarrow", owner=owner)
    with refusals_as_ours("X", owner):
        settings = {"dtype": None, "ensure_all_finite": False, "ensure_min_samples": fewest_rows}
        array = check_array(_as_array(X), **settings, estimator=owner, input_name="X")
    return GivenColumns(Columns({f"x{i}": _column(array[:, i]) for i in range(array.shape[1])}, len(array)), False)


def known_rows(X: Any, names: list[str], has_names: bool, *, owner: str) -> Row | Columns:
    """New rows, also as :func:`as_rows` takes them where training had names; without names, a row is one of an array.

    Raises
    ------
    DataError
        As :func:`as_rows` and :func:`known_columns`.
    """
    rows = as_rows(X, names, owner=owner) if has_names else None
    return known_columns(X, names, has_names, owner=owner) if rows is None else rows


def known_columns(X: Any, names: list[str], has_names: bool, *, owner: str) -> Columns:
    """The columns of new rows under the names that were learned: of frames that have them by name, else by position.

    Raises
    ------
    DataError
        If an array has another number of columns, or as :func:`given_columns`.
    """
    columns, named = given_columns(X, owner=owner)
    if named and has_names:
        return columns
    if not has_names and set(columns) == set(names):
        return Columns({name: columns[name] for name in names}, columns.num_rows)
    if len(columns) != len(names):
        raise DataError(f"X has {len(columns)} features, but {owner} is expecting {len(names)} features as input.")
    if has_names:
        text = f"X does not have valid feature names, but {owner} was fitted with feature names"
        warn_caller(text, UserWarning)
    return Columns(dict(zip(names, columns.values(), strict=True)), columns.num_rows)


def named_columns(y: Any, columns: Columns) -> list[str] | None:
    """The names of columns of X in place of values: a name, or a list of them; None for values."""
    if isinstance(y, str):
        return [y]
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
        array = _as_array(y)
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] < 2:
        return None
    return {f"y{i}": array[:, i] for i in range(array.shape[1])}


def free_name(name: str, columns: Columns) -> str:
    """The name, or one like it that no column has."""
    while name in columns:
        name += "_"
    return name


def given_column(y: Any, name: str, *, num_rows: int, owner: str) -> ArrowColumn:
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
            column = _column(column_or_1d(_as_array(y), warn=True))
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
        entries = column_or_1d(_as_array(groups)).tolist()
        check_consistent_length(np.empty(num_rows), np.empty(len(entries)))
    for row, entry in enumerate(entries, 1):
        if _is_nothing(entry):
            repair = "Give such a row a group of its own."
            raise DataError(
                phrase("groups", f"must have an entry in every row, and row {row} has none", entry, repair=repair, owner=owner)
            )
    number: dict[Any, int] = {}
    return np.array([number.setdefault(entry, len(number)) for entry in entries])


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
    if isinstance(column, Unreadable):
        return np.zeros(0, dtype=bool)
    if value_type(column.type) != "text":
        return np.asarray(pc.is_null(column, nan_is_null=True))
    return np.asarray(OpenedColumn(column, settings.missing).text.codes == MISSING_CODE)


def _check_present(missing: np.ndarray, given: TargetColumn, owner: str) -> None:
    if missing.any():
        row = int(np.argmax(missing))
        found = None if isinstance(given.column, Unreadable) else given.column[row].as_py()
        repair = "Leave such rows out, or rename a class that is called so."
        rule = f"must hold a value in every row, and what row {row + 1} holds counts as missing"
        raise DataError(phrase("y", rule, found, repair=repair, owner=owner))


def is_same_column(one: ArrowColumn, other: ArrowColumn) -> bool:
    """Whether two columns have the same type and values; missing ones are alike."""
    if isinstance(one, Unreadable) or isinstance(other, Unreadable) or one.type != other.type or len(one) != len(other):
        return False
    if pa.types.is_floating(one.type):
        return np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True)
    return bool(one.equals(other))


def without_rows(columns: Columns, keep: np.ndarray) -> Columns:
    """The rows of a mask."""
    mask = pa.array(keep)
    kept = {name: col if isinstance(col, Unreadable) else col.filter(mask) for name, col in columns.items()}
    return Columns(kept, int(keep.sum()))


def _is_frame(X: Any) -> bool:
    """Whether an object has named columns, rather than rows."""
    if getattr(X, "ndim", 2) != 2 or isinstance(X, np.ndarray):
        return False
    return hasattr(X, "__arrow_c_stream__") or (hasattr(X, "columns") and not callable(X.columns)) or hasattr(X, "to_native")


def _with_text_names(X: Any) -> Any:
    """A pandas frame of which no column has a text for a name, under texts; None for any other frame."""
    if not hasattr(X, "iloc") or not len(X.columns) or any(isinstance(name, str) for name in X.columns):
        return None
    names = [value_name(name) if isinstance(name, int | float) else str(name) for name in X.columns]
    return X.set_axis(names, axis=1)


def _as_array(given: Any) -> Any:
    """An array; lists of texts beside numbers keep both."""
    if isinstance(given, list | tuple):
        array = np.asarray(given)
        return np.asarray(given, dtype=object) if array.dtype.kind in "US" else array
    return given


def _column(values: np.ndarray) -> pa.ChunkedArray:
    """A column of an array."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float64)
    try:
        # NaN among objects is a missing value; among numbers it stays NaN, which is read as missing too.
        return pa.chunked_array([pa.array(np.ascontiguousarray(values), from_pandas=values.dtype == object)])
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        texts = [None if value is None or value != value else value_name(value) for value in values.tolist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _series(y: Any, name: str, owner: str) -> ArrowColumn | None:
    """A series of pandas, polars or pyarrow as a column of a frame of its library; None for anything else."""
    if hasattr(y, "to_native"):
        y = y.to_native()
    if isinstance(y, pa.Array | pa.ChunkedArray):
        return as_columns(pa.table({name: y}), owner=owner)[name]
    if not hasattr(y, "to_frame") or getattr(y, "ndim", 1) != 1:
        return None
    frame = y.to_frame(name)  # pandas and polars alike
    return as_columns(frame, owner=owner)[name]


def _check_complete(y: Any, owner: str) -> None:
    """scikit-learn's refusal of NaN and infinity among numbers."""
    if isinstance(y, np.ndarray) and y.dtype.kind == "f":
        with refusals_as_ours("y", owner):
            assert_all_finite(y, input_name="y", estimator_name=owner)


def check_labels(column: ArrowColumn, owner: str) -> None:
    """Refuse numbers with fractions, as scikit-learn does.

    Raises
    ------
    DataError
    """
    if not isinstance(column, Unreadable) and pa.types.is_floating(column.type):
        present = np.asarray(column.drop_null())
        with refusals_as_ours("y", owner):
            check_classification_targets(present[np.isfinite(present)])


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
