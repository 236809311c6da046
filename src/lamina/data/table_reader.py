"""How all columns of a table are read: the same rules for data frames of any library and for files of any format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lamina.data.arrow_tables import Columns
from lamina.data.column_reader import ColumnReader, OnError
from lamina.data.learn_column import Learned, ReadingSettings, learn_column
from lamina.data.notes import note, note_columns
from lamina.data.opened_column import OpenedColumn
from lamina.data.values import Values
from lamina.errors import DataError, counted, nearest

__all__ = ["ReadTable", "TableReader"]

_SHOWN_NAMES = 5


@dataclass(frozen=True, eq=False)
class ReadTable(Mapping[str, Values]):
    """The values of a table's columns, and the reader that found them."""

    reader: TableReader
    by_name: Mapping[str, Values]
    num_rows: int

    def __getitem__(self, name: str) -> Values:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def take(self, rows: np.ndarray) -> ReadTable:
        """Some rows, by their numbers."""
        return ReadTable(self.reader, {name: values.take(rows) for name, values in self.by_name.items()}, len(rows))


@dataclass(frozen=True)
class TableReader:
    """Reads the columns that a table had when it was learned.

    Attributes
    ----------
    names : tuple of str
        All columns of that table.
    readers : dict of str to ColumnReader
        Of the columns that can be read.
    ignored : dict of str to str
        The other columns, with the reason.
    notes : dict of str to str
        What was decided about columns, where it is not plain.
    """

    names: tuple[str, ...]
    readers: Mapping[str, ColumnReader]
    ignored: Mapping[str, str]
    notes: Mapping[str, str]

    @classmethod
    def learn(cls, columns: Columns, settings: ReadingSettings, on_error: OnError = "fail") -> ReadTable:
        """Learn how a table is read, and read it; what was decided is said in notes.

        Raises
        ------
        DataError
            If a column is said to be of a kind that its values are not.
        """
        learned: dict[str, Learned] = {}
        values: dict[str, Values] = {}
        for name, column in columns.items():
            opened = OpenedColumn(column, settings.missing)
            learned[name] = found = learn_column(name, opened, settings)
            if found.reader is not None:
                values[name] = found.reader.read_opened(opened, on_error)
        reader = cls(
            tuple(columns),
            {name: found.reader for name, found in learned.items() if found.reader is not None},
            {name: found.reason for name, found in learned.items() if found.reader is None},
            {name: found.note for name, found in learned.items() if found.note},
        )
        reader.say()
        return ReadTable(reader, values, columns.num_rows)

    def read(self, columns: Columns, needed: Sequence[str], on_error: OnError = "fail") -> ReadTable:
        """Read some columns of another table.

        Raises
        ------
        DataError
            If a needed column is missing, or as :meth:`ColumnReader.read`.
        """
        self.check(list(columns), needed)
        values = {name: self.readers[name].read(columns[name], on_error) for name in needed}
        return ReadTable(self, values, columns.num_rows)

    def check(self, given: Sequence[str], needed: Sequence[str]) -> None:
        """Say which of the columns of a table are not known.

        Raises
        ------
        DataError
            If a needed column is not among those that are ``given``.
        """
        names, known = set(given), set(self.names)
        missing = [name for name in needed if name not in names]
        if missing:
            spare = names - known
            guesses = [f"{guess!r} for {name!r}" for name in missing if (guess := nearest(name, spare))]
            repair = f"Is it {', '.join(guesses)}? Rename it." if guesses else "Add the column; its fields may be empty."
            listed = ", ".join(map(repr, missing))
            error = DataError(f"table must have every column the model was trained on, got none named {listed}. {repair}")
            error.columns = tuple(missing)
            raise error
        extra = [name for name in given if name not in known]
        if extra:
            listed = ", ".join(map(repr, extra[:_SHOWN_NAMES]))
            note(f"ignored {counted(len(extra), 'column')} that the model was not trained on: {listed}.")

    def say(self) -> None:
        """A note about each column of which something was decided; one for all of which the same was."""
        note_columns(self.notes)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        readers = [reader.to_dict() for reader in self.readers.values()]
        return {"names": list(self.names), "readers": readers, "ignored": dict(self.ignored), "notes": dict(self.notes)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The reader that :meth:`to_dict` described."""
        readers = {reader["column"]: ColumnReader.from_dict(reader) for reader in state["readers"]}
        return cls(tuple(state["names"]), readers, state["ignored"], state["notes"])
