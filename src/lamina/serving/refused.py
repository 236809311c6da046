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
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.column = column
        self.row = row
        self.headers = dict(headers)

    def to_dict(self) -> dict[str, Any]:
        """What the answer's body says."""
        places = {"column": self.column, "row": self.row}
        return {"error": {"message": str(self), **{name: place for name, place in places.items() if place is not None}}}
