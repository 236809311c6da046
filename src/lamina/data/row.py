"""One row of a table, by its values: to hold each as a column costs more than all that is done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina.data.arrow_columns import ArrowColumn
from lamina.data.arrow_tables import Columns, as_columns, column_or_error, polars_column
from lamina.data.arrow_values import value_type
from lamina.data.checks import check_column_names
from lamina.data.pandas_columns import objects_column, pandas_column
from lamina.errors import DataError
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["Row", "as_rows"]

_SHOWN_NAMES = 5


class Row(NamedTuple):
    """One row.

    Attributes
    ----------
    names : sequence of str
        The columns that it has.
    values : dict of str to object
        What it holds in columns of which the value alone says all: text, numbers, truth values, Python's objects.
    column : function
        Of a name: the column as Arrow holds it, of one value.
    """

    names: Sequence[str]
    values: Mapping[str, Any]
    column: Callable[[str], ArrowColumn]

    def without(self, *names: str) -> Row:
        """The row without some columns, of those that it has."""
        if not any(name in self.names for name in names):
            return self
        return self._replace(names=[name for name in self.names if name not in names])

    def to_columns(self) -> Columns:
        """The row as a table."""
        return Columns({name: column_or_error(partial(self.column, name)) for name in self.names}, 1)


def as_rows(X: Any, names: Sequence[str], *, owner: str) -> Row | Columns | None:
    """One row, however it is given, or the columns of a list of dicts; None for anything else.

    Parameters
    ----------
    X : dict, tuple or list of values, pandas.Series, data frame of one row, or list of dicts
        A dict and a series hold values by the names of columns; where a dict of several lacks a name, the value is missing, as in
        ``pandas.DataFrame(X)``. A tuple or list holds a value for each of ``names``, in their order.
    names : sequence of str
        The columns of training.
    owner : str
        The caller's name, for error messages.

    Raises
    ------
    DataError
        If names of columns are not text or occur twice, a tuple or list holds more or fewer values than ``names``, some entries
        of a list are dicts and others are not, or as :func:`as_columns`.
    MissingPackageError
        If pyarrow is not installed: the extra ``tables`` brings it.

    Examples
    --------
    >>> as_rows((36, "Ada"), ["age", "name"], owner="example").values
    {'age': 36, 'name': 'Ada'}
    >>> as_rows([{"a": 1}, {"a": 2, "b": "x"}], ["a", "b"], owner="example")["b"].to_pylist()
    [None, 'x']
    """
    if isinstance(X, Row):
        return X
    if isinstance(X, Columns):
        return None
    if isinstance(X, Mapping):
        return _of_values(X, owner)
    if isinstance(X, tuple | list):
        if len(X) and isinstance(X[0], Mapping):
            return _of_values(X[0], owner) if len(X) == 1 else _of_dicts(X, owner)
        return _of_sequence(X, names, owner) if len(X) and all(map(_is_scalar, X)) else None
    return _of_frame(X, owner)


def _of_dicts(rows: Sequence[Any], owner: str) -> Columns:
    require("pyarrow", owner=owner)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise DataError(f"{owner}: rows must all be dicts, got {type(row).__name__} as row {number}. Make them alike.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_names(names, owner)
    columns = {name: column_or_error(partial(_objects, name, [row.get(name) for row in rows])) for name in names}
    return Columns(columns, len(rows))


def _of_frame(X: Any, owner: str) -> Row | None:
    """The row of a data frame that has only one, or of a series of pandas by names."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    library, kind = type(X).__module__.partition(".")[0], type(X).__name__
    if library == "pandas" and kind == "Series":
        return _of_series(X, owner) if _are_texts(X.index) else None
    if len(shape) != 2 or shape[0] != 1:
        return None
    if isinstance(X, pa.Table):
        return _of_arrow(as_columns(X, owner=owner))
    if library == "polars" and kind == "DataFrame" and X.columns:
        return _of_polars(X)
    return _of_pandas(X, owner) if library == "pandas" and kind == "DataFrame" and _are_texts(X.columns) else None


def _of_series(series: Any, owner: str) -> Row:
    check_column_names(owner, list(series.index))
    return _of_values(dict(zip(series.index, series.array, strict=True)), owner)


def _of_values(values: Mapping[str, Any], owner: str) -> Row:
    require("pyarrow", owner=owner)
    names = list(values)
    _check_names(names, owner)
    return Row(names, values, partial(_value_column, values))


def _of_sequence(values: Sequence[Any], names: Sequence[str], owner: str) -> Row:
    if len(values) != len(names):
        more = ", …" if len(names) > _SHOWN_NAMES else ""
        rule = f"must hold a value for each of the {len(names)} columns of training ({', '.join(names[:_SHOWN_NAMES])}{more})"
        raise DataError(f"{owner}: a row {rule}, got {len(values)} values. Give them in that order, or a dict by their names.")
    return _of_values(dict(zip(names, values, strict=True)), owner)


def _of_arrow(columns: Columns) -> Row:
    intact: Mapping[str, Any] = {name: column for name, column in columns.by_name.items() if not isinstance(column, DataError)}
    values = {name: column[0].as_py() for name, column in intact.items() if _is_plain_type(column.type)}
    return Row(list(columns), values, columns.__getitem__)


def _of_polars(frame: Any) -> Row:
    plain = [kind.is_numeric() or str(kind) in ("String", "Boolean") for kind in frame.dtypes]
    values = {name: value for name, value, says_all in zip(frame.columns, frame.row(0), plain, strict=True) if says_all}
    return Row(frame.columns, values, lambda name: polars_column(frame[name]))


def _of_pandas(frame: Any, owner: str) -> Row:
    names = list(frame.columns)
    check_column_names(owner, names)
    plain = [i for i, dtype in enumerate(frame.dtypes) if _is_plain_dtype(dtype)]
    values = {names[i]: frame.iat[0, i] for i in plain}
    return Row(names, values, lambda name: pandas_column(owner, name, frame[name]))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str) or not hasattr(value, "__len__")


def _are_texts(names: Any) -> bool:
    return len(names) > 0 and all(isinstance(name, str) for name in names)


def _is_plain_type(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_plain_type(kind.value_type)
    # A decimal's Python object would be a column of another type, and times may have none.
    is_plain = value_type(kind) in ("text", "number", "boolean")
    return is_plain and not pa.types.is_decimal(kind) and not pa.types.is_temporal(kind)


def _is_plain_dtype(dtype: Any) -> bool:
    return dtype.kind in "biuf" or (isinstance(dtype, np.dtype) and dtype.kind == "O") or type(dtype).__name__ == "StringDtype"


def _value_column(values: Mapping[str, Any], name: str) -> ArrowColumn:
    return _objects(name, [values[name]])


def _objects(name: str, values: Sequence[Any]) -> ArrowColumn:
    return objects_column(name, np.fromiter(values, object, len(values)))


def _check_names(names: Sequence[object], owner: str) -> None:
    if not names:
        raise DataError(f"{owner}: a row must have at least one column, got none. Check where it comes from.")
    if not all(isinstance(name, str) for name in names):
        check_column_names(owner, names)
