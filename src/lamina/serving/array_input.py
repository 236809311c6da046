"""An array that a model takes, made of the rows of a request."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import counted, first_of, shown
from lamina.serving.refused import RefusedError
from lamina.serving.rows import GivenRows, of_row

__all__ = ["ArrayInput"]

_LARGEST = float(np.finfo(np.float64).max)
_SHOWN_NAMES = 5


class ArrayInput:
    """An array of a model.

    Parameters
    ----------
    name : str or None
        The name of its list in a row; None where the row is the list.
    width : int
        Numbers in a row.
    columns : sequence of str, optional
        Their names, if they have any.
    """

    def __init__(self, name: str | None, width: int, columns: tuple[str, ...] | None = None) -> None:
        self.name = name
        self.width = width
        self.columns = columns

    @property
    def example(self) -> list[Any]:
        """A row of it."""
        return [0] * self.width

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of a row of it."""
        as_list = {"type": "array", "items": {"type": "number"}, "minItems": self.width, "maxItems": self.width}
        if self.columns is None:
            return as_list
        properties: dict[str, Any] = {name: {"type": "number"} for name in self.columns}
        return {"anyOf": [{"type": "object", "properties": properties, "required": list(self.columns)}, as_list]}

    def read(self, rows: list[Any], given: GivenRows) -> np.ndarray:
        """An array (n, width) float64.

        Raises
        ------
        RefusedError
            If a row has another length, or a value is no finite number.
        """
        return np.array([self._read_row(row, given.number(place)) for place, row in enumerate(rows)], dtype=np.float64)

    def _read_row(self, row: Any, number: int | None) -> list[Any]:
        values = self._in_order(row, number)
        for place, value in enumerate(values):
            kind = type(value)
            if (kind is not float and kind is not int) or not -_LARGEST <= value <= _LARGEST:
                raise self._refusal(value, place, number)
        return values

    def _in_order(self, row: Any, number: int | None) -> list[Any]:
        if isinstance(row, dict) and self.columns is not None:
            return self._by_name(row, number)
        if isinstance(row, list) and len(row) == self.width:
            return row
        came = counted(len(row), "value") if isinstance(row, list) else shown(row)
        rule = f"must be a list of {counted(self.width, 'number')}"
        raise RefusedError(422, f"{self._words} {rule}, got {came}{of_row(number)}.", row=number, input_name=self.name)

    def _by_name(self, row: dict[str, Any], number: int | None) -> list[Any]:
        names = self.columns or ()
        for odd in (*(name for name in names if name not in row), *(name for name in row if name not in names)):
            rule = f"must have the columns of training ({first_of(names, _SHOWN_NAMES)})"
            came = "got an unknown one" if odd in row else "got none"
            raise RefusedError(422, f"a row {rule}, {came} named {shown(odd)}{of_row(number)}.", column=odd, row=number)
        return [row[name] for name in names]

    def _refusal(self, value: Any, place: int, number: int | None) -> RefusedError:
        said = f"must be a finite number, got {shown(value)}{of_row(number)}."
        if self.columns is not None:
            name = self.columns[place]
            return RefusedError(422, f"column {name!r} {said}", column=name, row=number)
        words = f"value {place + 1} of {self._words}"
        return RefusedError(422, f"{words} {said}", row=number, place=place + 1, input_name=self.name)

    @property
    def _words(self) -> str:
        return "a row" if self.name is None else f"the list {self.name!r}"
