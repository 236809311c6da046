"""A column that is looked into several times: what is found the first time is kept."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.arrow_columns import ArrowColumn, plain_column
from lamina.data.mixed_column import MixedColumn
from lamina.data.text_column import TextColumn
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["OpenedColumn"]

_SAMPLE = 200


class OpenedColumn:
    """An Arrow column and what was found in it; ``mixed`` is the column if it holds values of several types.

    Parameters
    ----------
    column : pyarrow.ChunkedArray, MixedColumn or Unreadable
    missing : collection of str
        Texts that stand for a missing value, besides the usual ones.
    """

    def __init__(self, column: ArrowColumn, missing: Collection[str] = ()) -> None:
        self.mixed = column if isinstance(column, MixedColumn) else None
        self.column: Any = plain_column(column)
        self.missing = tuple(missing)

    @cached_property
    def text(self) -> TextColumn:
        """The column as codes of distinct texts."""
        return TextColumn.of(self.column, self.missing)

    @cached_property
    def plain_numbers(self) -> np.ndarray | None:
        """The numbers of a column of text of which nearly every row differs, or None: distinct texts would save nothing there."""
        column = self.column
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            return None
        step = max(len(column) // _SAMPLE, 1)
        sample = (column if step == 1 else column.take(pa.array(np.arange(0, len(column), step)))).drop_null()
        if len(sample) < _SAMPLE // 2 or len(sample.unique()) < 0.9 * len(sample) or self.missing:
            return None
        if _cast(sample) is None or pc.any(pc.match_substring_regex(column, r"^-?0[0-9]+$")).as_py():
            return None
        return _cast(column)

    @property
    def example(self) -> Any:
        """The first value that is not missing, for an error."""
        present = self.column.drop_null()
        try:
            return present[0].as_py() if len(present) else None
        except (ValueError, OverflowError):  # times that Python has no objects for
            return str(present[0])

    @property
    def row_of_example(self) -> int:
        """The row of :attr:`example`."""
        return int(np.argmax(np.asarray(self.column.is_valid())))

    def is_marker(self, missing: Collection[str]) -> np.ndarray:
        """Which of the distinct texts stand for a missing value, ndarray of shape (number of texts,) bool."""
        texts = self.text.texts
        if not missing or len(texts) == 0:
            return np.zeros(len(texts), dtype=bool)
        return np.array(pc.is_in(texts, value_set=pa.array(list(missing), pa.large_string())))


def _cast(column: pa.ChunkedArray) -> np.ndarray | None:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        return None
