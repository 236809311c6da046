"""A table that is read once, of all of its rows, before parts of it are trained on.

How values are spelled is learned of all rows, as a training does: a part may lack the one row that shows it, such as the only
number with thousands marks. Nothing of the targets is learned by reading. Each training learns its
encoders.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.table_reader import ReadTable
from lamina.data.target import TargetColumn
from lamina.data.values import Values
from lamina.extras import OptionalModule
from lamina.model import TableSettings
from lamina.model.given_table import given_columns
from lamina.model.given_target import given_column, learn_given_targets, several_columns
from lamina.model.table_rows import encoder_for

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.data.learn_column import ColumnKind
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["read_numbers", "read_once", "values_table"]


def read_once(X: Any, settings: TableSettings, *, owner: str) -> tuple[Any, dict[str, ColumnKind] | None]:
    """The values of a table in a table of types that need no reading, and the kinds of columns whose types do not tell them.

    An array of numbers stays as it is, and so does what no column can be read of; kinds are then None.

    Raises
    ------
    DataError
        If a column cannot be read as the settings say.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "biuf":
        return X, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training says what it decides about columns
        read = encoder_for(settings).learn(given_columns(X, owner=owner).columns)
    if not read:
        return X, None
    return values_table(read)


def read_numbers(y: np.ndarray, settings: TableSettings, *, owner: str) -> np.ndarray:
    """Numbers to predict, of shape (n,) or (n, targets), of what spells them; numbers stay as they are.

    Raises
    ------
    DataError
        If one is missing, or no number.
    """
    if y.dtype.kind in "biuf":
        return y
    columns = several_columns(y, owner=owner) or {"y": y}
    given = [TargetColumn(name, given_column(part, name, num_rows=len(y), owner=owner)) for name, part in columns.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reading = replace(encoder_for(settings).reading_settings, missing=())  # as in a training
        goal = learn_given_targets(y, given, "regression", reading, owner=owner)
        numbers = [target.encode(column) for target, column in zip(goal.targets, given, strict=True)]
    return numbers[0] if y.ndim == 1 else np.column_stack(numbers)


def values_table(read: ReadTable) -> tuple[pa.Table, dict[str, ColumnKind]]:
    """What was read as a table of types that need no reading, and the kinds of columns whose types do not tell them."""
    table = pa.table({name: _column(values) for name, values in read.items()})
    return table, {name: "text" for name, values in read.items() if values.kind == "text"}


def _column(values: Values) -> pa.Array:
    if values.kind in ("number", "date"):
        return pa.array(values.array)
    if values.kind == "boolean":
        return pa.array(values.array == 1, mask=values.missing)
    codes, names = pa.array(values.array, mask=values.missing), pa.array(values.names, pa.large_string())
    return names.take(codes) if values.kind == "text" else pa.DictionaryArray.from_arrays(codes, names)
