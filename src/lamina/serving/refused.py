"""A request that is not answered as asked: the status, and a sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["RefusedError"]


class RefusedError(Exception):
    """A request that is not answered as asked.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        Rule, what came, and the repair.
    column : str, optional
        The column that it is about; the first, of several.
    row : int, optional
        The number of the row, from 1, of a batch.
    place : int, optional
        Where columns have no names: the place in the row's list, from 1.
    input_name : str, optional
        Where a row has several lists: the name of that list.
    headers : dict, default={}
        Of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        column: str | None = None,
        row: int | None = None,
        place: int | None = None,
        input_name: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.column = column
        self.row = row
        self.place = place
        self.input_name = input_name
        self.headers = dict(headers)

    def to_dict(self) -> dict[str, Any]:
        """What the answer's body says."""
        where = {"column": self.column, "input": self.input_name, "place": self.place, "row": self.row}
        return {"error": {"message": str(self), **{name: entry for name, entry in where.items() if entry is not None}}}
