"""Conversion of data frames of any library to narwhals."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from lamina.data.checks import check_column_names
from lamina.errors import DataError
from lamina.extras import require

__all__ = ["as_frame"]


def as_frame(X: Any, *, owner: str) -> nw.DataFrame:
    """Wrap and check a data frame of pandas, polars or pyarrow: it must have rows, and unique column names that are text.

    Parameters
    ----------
    X : data frame
        One that is already wrapped by narwhals is returned as it is.
    owner : str
        Name of the caller, for error messages.

    Raises
    ------
    DataError
        If it is not a data frame, has no rows, has invalid column names, or an Arrow column is damaged.
    MissingPackageError
        If pyarrow is not installed (see the extra ``tables``); it is needed for frames of any library.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_frame(pa.table({"a": [1, 2]}), owner="example").columns
    ['a']
    """
    if isinstance(X, nw.DataFrame):
        return X
    require("pyarrow", owner=owner)
    if nw.dependencies.is_polars_lazyframe(X):
        raise DataError(f"{owner}: a table must be a data frame that holds its rows, got LazyFrame. Call collect() on it first.")
    # Checked first, because narwhals' errors for duplicate names differ by library.
    names = X.column_names if hasattr(X, "column_names") else getattr(X, "columns", ())
    check_column_names(owner, list(names))
    try:
        frame: nw.DataFrame = nw.from_native(X, eager_only=True)
    except TypeError as error:
        raise DataError(
            f"{owner}: a table must be a data frame of pandas, polars or pyarrow, got {type(X).__name__}. "
            "Wrap an array in pandas.DataFrame, with a name for every column."
        ) from error
    frame = _plain(owner, frame)
    if not frame.columns:
        raise DataError(f"{owner}: a table must have at least one column, got none. Check where it comes from.")
    if len(frame) == 0:
        raise DataError(f"{owner}: a table must have at least one row, got none. Check where it comes from.")
    return frame


def _plain(owner: str, frame: nw.DataFrame) -> nw.DataFrame:
    """The frame with its Arrow columns checked for damage and in plain types."""
    if frame.implementation.is_pyarrow():
        # Imported here because it loads pyarrow, which other frames do not use.
        from lamina.data.arrow_tables import plain_table

        return nw.from_native(plain_table(owner, frame.to_native()), eager_only=True)
    if frame.implementation.is_pandas() and any(hasattr(kind, "pyarrow_dtype") for kind in frame.to_native().dtypes):
        from lamina.data.arrow_tables import plain_pandas

        return nw.from_native(plain_pandas(owner, frame.to_native()), eager_only=True)
    return frame
