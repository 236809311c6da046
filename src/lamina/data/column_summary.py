"""What was learned of each column of a table, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from lamina.data_frame import to_data_frame
from lamina.errors import counted
from lamina.html import display, paragraph, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnRow", "ColumnSummary", "columns_html"]

_NUMBERS = ("features", "missing", "rare")
_MOST_ROWS = 20  # in a notebook
_LONGEST = 90  # characters of a cell there


class ColumnRow(NamedTuple):
    """One column.

    Attributes
    ----------
    column : str
        Its name.
    kind : str
        "number", "boolean", "date", "category", "text", or "left out".
    form : str
        How its texts are written, such as "currency $, thousands comma", or how many codes a category has of which vectors are
        learned; empty where nothing had to be found out.
    features : int
        How many features it became.
    missing : int
        Rows of training without a value.
    rare : int
        Rows of training whose category shares the slot of the rare ones.
    note : str
        What was decided about it, or why it was left out.
    """

    column: str
    kind: str
    form: str
    features: int
    missing: int
    rare: int
    note: str


@dataclass(frozen=True)
class ColumnSummary(Sequence[ColumnRow]):
    """A row a column, in the table's order; prints as a table.

    Parameters
    ----------
    rows : tuple of ColumnRow

    Examples
    --------
    >>> print(ColumnSummary((ColumnRow("age", "number", "", 2, 3, 0, ""),)))
    column  kind    form  features  missing  rare  note
    age     number               2        3     0
    """

    rows: tuple[ColumnRow, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[ColumnRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        cells = [list(ColumnRow._fields), *([str(entry) for entry in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        numeric = [name in _NUMBERS for name in ColumnRow._fields]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
            for line in cells
        )

    def _repr_html_(self) -> str:
        """A table in a notebook, down to its twentieth row."""
        return display(counted(len(self), "column"), *columns_html(self))

    def to_frame(self) -> pd.DataFrame:
        """As a pandas data frame.

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        return to_data_frame([row._asdict() for row in self.rows], type(self).__name__, list(ColumnRow._fields))

    def to_list(self) -> list[list[Any]]:
        """What JSON can hold of it."""
        return [list(row) for row in self.rows]

    @classmethod
    def from_list(cls, rows: Sequence[Sequence[Any]]) -> Self:
        """The summary that :meth:`to_list` described."""
        return cls(tuple(ColumnRow(*row) for row in rows))


def columns_html(columns: ColumnSummary, most: int = _MOST_ROWS, longest: int = _LONGEST) -> list[str]:
    """Pieces of HTML without a frame: a row a column, down to the one after ``most``; cells of at most ``longest`` characters."""
    left_out = len(columns) - most
    more = [paragraph(f"… and {counted(left_out, 'more column')}", "soft")] if left_out > 0 else []
    return [table(ColumnRow._fields, columns.rows[:most], right=_NUMBERS, longest=longest), *more]
