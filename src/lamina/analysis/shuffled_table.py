"""Arrays and data frames of which one column at a time is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, phrase
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw
else:
    nw = OptionalModule("narwhals.stable.v2", owner="permutation_importance of data frames")

__all__ = ["ShuffledArray", "ShuffledFrame", "shuffled_table"]

_OWNER = "permutation_importance"


class ShuffledArray:
    """An array; see :func:`shuffled_table`.

    Parameters
    ----------
    array : ndarray of shape (n, columns)
    names : tuple of str
    """

    def __init__(self, array: np.ndarray, names: tuple[str, ...]) -> None:
        self.whole = array
        self.names = names
        self.num_rows = len(array)

    def shuffled(self, column: int, order: np.ndarray) -> np.ndarray:
        """A copy with the values of a column in another order."""
        changed = self.whole.copy()
        changed[:, column] = changed[order, column]
        return changed


class ShuffledFrame:
    """A data frame; see :func:`shuffled_table`.

    Parameters
    ----------
    frame : narwhals.DataFrame
    columns : list of str
        Those that may be shuffled.
    """

    def __init__(self, frame: nw.DataFrame, columns: list[str]) -> None:
        self._frame = frame
        self._columns = columns
        self.whole = frame.to_native()
        self.names = tuple(map(str, columns))
        self.num_rows = len(frame)

    def shuffled(self, column: int, order: np.ndarray) -> Any:
        """A frame of the same library with the values of a column in another order."""
        series = self._frame.get_column(self._columns[column])
        return self._frame.with_columns(series[order].alias(series.name)).to_native()


def shuffled_table(X: Any, y: Any, names: Any) -> tuple[ShuffledArray | ShuffledFrame, np.ndarray]:
    """The table, and the truth as an array.

    Parameters
    ----------
    X : array-like of shape (n, columns) or data frame
    y : array-like, or the name of the column that holds the truth, which is not shuffled
    names : sequence of str or None
        The names of an array's columns; x0, x1, … by default.

    Raises
    ------
    DataError
        If X has no rows and columns, or ``y`` names no column of it, or has another number of rows.

    Examples
    --------
    >>> table, truth = shuffled_table([[1, 2], [3, 4]], [0, 1], None)
    >>> table.names, table.shuffled(1, np.array([1, 0])).tolist()
    (('x0', 'x1'), [[1, 4], [3, 2]])
    """
    if hasattr(X, "columns"):
        frame = _frame(X)
        if isinstance(y, str) and y not in frame.columns:
            raise DataError(phrase("y", f"must be one of the columns {frame.columns}", y, owner=_OWNER))
        truth = frame.get_column(y).to_numpy() if isinstance(y, str) else np.asarray(y)
        table: ShuffledArray | ShuffledFrame = ShuffledFrame(
            frame, [c for c in frame.columns if not isinstance(y, str) or c != y]
        )
    else:
        truth, table = np.asarray(y), _of_array(X, names)
    if truth.ndim == 0 or len(truth) != table.num_rows:
        raise DataError(phrase("y", f"must have {table.num_rows} rows, as X", truth.shape, owner=_OWNER))
    return table, truth


def _frame(X: Any) -> nw.DataFrame:
    try:
        return nw.from_native(X, eager_only=True)
    except TypeError as error:
        raise DataError(phrase("X", "must be an array or a data frame", type(X).__name__, owner=_OWNER)) from error


def _of_array(X: Any, names: Any) -> ShuffledArray:
    if hasattr(X, "toarray"):
        repair = "Give X.toarray()."
        raise DataError(phrase("X", "must be a dense array or a data frame", type(X).__name__, repair=repair, owner=_OWNER))
    array = np.asarray(X)
    if array.ndim != 2 or not array.size:
        came = array.shape if array.ndim else type(X).__name__
        raise DataError(phrase("X", "must be a data frame or have shape (n, columns)", came, owner=_OWNER))
    given = names is not None and len(names) == array.shape[1]
    return ShuffledArray(array, tuple(map(str, names)) if given else tuple(f"x{i}" for i in range(array.shape[1])))
