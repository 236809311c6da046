"""Any data frame as columns that Arrow holds: damaged ones are rejected, rarer types become common ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lamina.data.arrow_columns import ArrowColumn, Unreadable, intact, with_plain_type
from lamina.data.checks import check_column_names
from lamina.data.pandas_columns import pandas_column
from lamina.errors import DataError
from lamina.extras import OptionalModule, require

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["Columns", "as_columns", "column_or_error", "plain_table", "polars_column", "release_memory"]


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
        return {name: column_or_error(partial(intact, owner, name, column)) for name, column in pairs}, X.num_rows
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
    return pa.Table.from_arrays([with_plain_type(column) for column in table.columns], names=table.column_names)


def polars_column(series: Any) -> ArrowColumn:
    """The column of a series of polars."""
    # Column by column: a stream of the whole frame ends the process where a type or name is not Arrow's.
    try:
        array = series.alias("").to_arrow()
    except Exception:  # polars has its own for each reason
        return Unreadable(str(series.dtype))
    return with_plain_type(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))


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
    plain = [intact(owner, name, column) for name, column in zip(table.column_names, columns, strict=True)]
    if all(new is old for new, old in zip(plain, columns, strict=True)):
        return table
    return pa.Table.from_arrays(plain, names=table.column_names)


def release_memory() -> None:
    """Give back to the system what Arrow has freed and keeps for its next need: of a large table, hundreds of megabytes."""
    pa.default_memory_pool().release_unused()
