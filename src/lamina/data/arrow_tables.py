"""Any data frame as columns that Arrow holds: damaged ones are rejected, rarer types become common ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from lamina.data.checks import check_column_names
from lamina.data.mixed_column import MixedColumn, has_truths_among_numbers
from lamina.data.names import value_name
from lamina.errors import DataError, shown
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = [
    "ArrowColumn",
    "Columns",
    "PlainColumn",
    "Unreadable",
    "as_columns",
    "column_or_error",
    "objects_column",
    "pandas_column",
    "plain_column",
    "plain_table",
    "polars_column",
    "release_memory",
]


class Unreadable(NamedTuple):
    """A column that is neither numbers, dates nor text: what its own library calls its type."""

    type: str


PlainColumn: TypeAlias = "pa.ChunkedArray | Unreadable"
ArrowColumn: TypeAlias = "PlainColumn | MixedColumn"


@dataclass(frozen=True, eq=False)
class Columns(Mapping[str, ArrowColumn]):
    """The columns of a table by name, as Arrow holds them; of one that it cannot hold, the error that whoever asks for it gets.

    So what stands in a column that nobody uses is no error.
    """

    by_name: Mapping[str, ArrowColumn | DataError]
    num_rows: int

    def __getitem__(self, name: str) -> ArrowColumn:
        found = self.by_name[name]
        if isinstance(found, DataError):
            raise found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def without(self, *names: str) -> Columns:
        """The other columns."""
        return Columns({key: column for key, column in self.by_name.items() if key not in names}, self.num_rows)


def as_columns(X: Any, *, owner: str) -> Columns:
    """The columns of a data frame, whichever library it is of.

    Parameters
    ----------
    X : data frame of pandas, polars or pyarrow, or any object that exports an Arrow stream
    owner : str
        The caller's name, for error messages.

    Raises
    ------
    DataError
        If it is no data frame, has no row, its columns have no proper names, or an Arrow column is damaged.
    MissingPackageError
        If pyarrow is not installed: the extra ``tables`` brings it, whatever library the frame is of.

    Examples
    --------
    >>> list(as_columns(pa.table({"a": [1, 2]}), owner="example"))
    ['a']
    """
    if isinstance(X, Columns):
        return X
    require("pyarrow", owner=owner)
    columns, num_rows = _columns_of(_native(X), owner)
    if not columns:
        raise DataError(f"{owner}: a table must have at least one column, got none. Check where it comes from.")
    if num_rows == 0:
        raise DataError(f"{owner}: a table must have at least one row, got none. Check where it comes from.")
    return Columns(columns, num_rows)


def _native(X: Any) -> Any:
    return X.to_native() if _library(X) == "narwhals" else X


def _library(X: Any) -> str:
    return type(X).__module__.partition(".")[0]


def column_or_error(make: Callable[[], ArrowColumn]) -> ArrowColumn | DataError:
    """A column, or the error that it cannot be made with, for :class:`Columns`."""
    try:
        return make()
    except DataError as error:
        return error


def _columns_of(X: Any, owner: str) -> tuple[Mapping[str, ArrowColumn | DataError], int]:
    library, kind = _library(X), type(X).__name__
    if library == "polars" and kind == "LazyFrame":
        raise DataError(f"{owner}: a table must be a data frame that holds its rows, got LazyFrame. Call collect() on it first.")
    if library == "pandas" and kind == "DataFrame":
        check_column_names(owner, list(X.columns))
        return {name: column_or_error(partial(pandas_column, owner, name, X[name])) for name in X.columns}, len(X)
    if isinstance(X, pa.Table):
        check_column_names(owner, X.column_names)
        pairs = zip(X.column_names, X.columns, strict=True)
        return {name: column_or_error(partial(_plain_column, owner, name, column)) for name, column in pairs}, X.num_rows
    if library == "polars" and kind == "DataFrame":
        check_column_names(owner, X.columns)
        return {name: polars_column(X[name]) for name in X.columns}, len(X)
    if library != "polars" and hasattr(X, "__arrow_c_stream__"):
        table = _of_stream(owner, X)
    else:
        raise DataError(f"{owner}: a table must be a data frame of pandas, polars or pyarrow, got {kind}. {_repair(X)}")
    return dict(zip(table.column_names, table.columns, strict=True)), table.num_rows


def _repair(X: Any) -> str:
    """How what is no table becomes one, or is used without."""
    if isinstance(X, str | os.PathLike) or hasattr(X, "get_fragments"):
        return (
            "Read a file with lamina.data.read_table; go through many by the blocks of lamina.data.shards.open_shards, "
            "or measure with lamina.model.evaluate_shards."
        )
    return "Wrap an array in pandas.DataFrame, with a name for every column."


def _of_stream(owner: str, X: Any) -> pa.Table:
    try:
        table = pa.table(X)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"{owner}: a table must have columns that Arrow can hold, got {error!s}. Convert them.") from error
    check_column_names(owner, table.column_names)
    return pa.Table.from_arrays([_plain(column) for column in table.columns], names=table.column_names)


def polars_column(series: Any) -> ArrowColumn:
    """The column of a series of polars."""
    # Column by column: a stream of the whole frame ends the process where a type or name is not Arrow's.
    try:
        array = series.alias("").to_arrow()
    except Exception:  # polars has its own for each reason
        return Unreadable(str(series.dtype))
    return _plain(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))


def pandas_column(owner: str, name: str, series: Any) -> ArrowColumn:
    """The column of a series of pandas; errors say ``name``.

    Raises
    ------
    DataError
        If an Arrow column is damaged, or Python objects are numbers or texts that no column can hold.
    """
    dtype = series.dtype
    kind = type(dtype).__name__
    if kind == "SparseDtype":
        series = series.sparse.to_dense()
    elif kind == "PeriodDtype":
        series = series.dt.to_timestamp()
    elif kind == "IntervalDtype":
        series = series.astype(object)
    elif kind == "CategoricalDtype" and type(dtype.categories.dtype).__name__ == "IntervalDtype":
        series = series.cat.rename_categories([str(interval) for interval in dtype.categories])
    if series.dtype == object:
        return objects_column(name, series.to_numpy(dtype=object))
    try:
        # Plain numbers as they lie in memory; NaN stays NaN.
        plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf"
        array = pa.array(series.to_numpy()) if plain else pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError):
        return Unreadable(str(dtype))
    column = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if kind == "ArrowDtype":
        _check_intact(owner, name, column)
    return _plain(column)


def objects_column(name: str, values: np.ndarray) -> ArrowColumn:
    """The column of an array of Python objects, as what they all are; texts, numbers and truth values side by side are mixed.

    Raises
    ------
    DataError
        If they are numbers or texts that no column can hold.
    """
    try:
        array = pa.array(values, from_pandas=True)
        if not has_truths_among_numbers(array, values):
            return _plain(pa.chunked_array([array]))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # mixed, or nothing that Arrow knows
    missing = _missing_among(values)
    for kind, unit in ((np.datetime64, "M8[us]"), (np.timedelta64, "m8[us]")):
        if all(isinstance(value, kind) for value in values[~missing]):
            filled = values.copy()
            filled[missing] = None
            return pa.chunked_array([pa.array(filled.astype(unit))])
    present = [str(value) if type(value).__name__ == "Interval" else value for value in values[~missing]]
    odd = next((value for value in present if not isinstance(value, str | float | bool | np.bool_ | Real | Decimal)), None)
    if odd is not None:
        return Unreadable(f"object, with a {type(odd).__name__} among them")
    filled = np.full(len(values), None, dtype=object)
    filled[~missing] = [_text(name, value) for value in present]
    try:
        texts = pa.chunked_array([pa.array(filled, pa.large_string())])
    except (pa.ArrowException, UnicodeError) as error:
        raise DataError(f"column {name!r} must hold text that UTF-8 can write, got {error!s}. Correct it.") from error
    filled[~missing] = present
    return MixedColumn.of(filled, missing, texts) or texts


def plain_column(column: ArrowColumn) -> PlainColumn:
    """A column as values of one type."""
    return column.plain if isinstance(column, MixedColumn) else column


def _missing_among(values: np.ndarray) -> np.ndarray:
    if (pandas := sys.modules.get("pandas")) is not None:  # whose own NA and NaT may be among them
        return np.asarray(pandas.isna(values), dtype=bool)
    return np.array([value is None or (isinstance(value, float | Decimal) and value != value) for value in values], dtype=bool)


def _text(name: str, value: Any) -> str:
    try:
        float(0 if isinstance(value, str) else value)
    except (OverflowError, ValueError) as error:
        raise DataError(f"column {name!r} must hold numbers that a float can hold, got {shown(value)}. Correct it.") from error
    return value_name(value)


def plain_table(owner: str, table: pa.Table) -> pa.Table:
    """Check a table for damage and convert its columns to common types.

    String and binary views (polars writes them) become large strings and binaries, also inside dictionaries; run-end encoded
    columns are decoded, extension types become their storage type, float16 becomes float32, decimal32 and decimal64 become
    decimal128, and date64 becomes a timestamp.

    Raises
    ------
    DataError
        If a column is damaged: offsets outside the data, dictionary codes without an entry, text that is not UTF-8. Arrow itself
        would go on and read memory outside the table.

    Examples
    --------
    >>> plain_table("example", pa.table({"a": pa.array(["x"], pa.string_view())})).schema.types
    [DataType(large_string)]
    """
    columns = table.columns
    plain = [_plain_column(owner, name, column) for name, column in zip(table.column_names, columns, strict=True)]
    if all(new is old for new, old in zip(plain, columns, strict=True)):
        return table
    return pa.Table.from_arrays(plain, names=table.column_names)


def _plain_column(owner: str, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    _check_intact(owner, name, column)
    return _plain(column)


def _check_intact(owner: str, name: str, column: pa.ChunkedArray) -> None:
    # Reads every string and code: 25 ms of CPU time for 1,000,000 rows of six numbers, three strings and a dictionary.
    try:
        column.validate(full=True)
    except pa.ArrowException as error:
        words = " ".join(str(error).split())[:160]
        raise DataError(
            f"{owner}: every column must be intact, got damaged data in {name!r} ({words}). "
            "Write the table again, with text as UTF-8."
        ) from error


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    plain = _plain_type(column.type)
    return column if plain == column.type else column.cast(plain)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered)
    # A cast to types with 32-bit offsets fails if a chunk holds more than 2 GB of text.
    for fits, plain in _plain_types():
        if fits(kind):
            return plain
    if pa.types.is_decimal(kind) and kind.bit_width < 128:
        return pa.decimal128(kind.precision, kind.scale)
    return kind


def _plain_types() -> tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...]:
    return (
        (pa.types.is_string_view, pa.large_string()),
        (pa.types.is_binary_view, pa.large_binary()),
        (pa.types.is_float16, pa.float32()),
        (pa.types.is_date64, pa.timestamp("ms")),
    )


def release_memory() -> None:
    """Give back to the system what Arrow has freed and keeps for its next need: of a large table, hundreds of megabytes."""
    pa.default_memory_pool().release_unused()
