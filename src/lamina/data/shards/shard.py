"""Base class of shards: one file of a table that is larger than memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Shard"]


class Shard(ABC):
    """One file, in pieces that can be read in any order.

    Attributes
    ----------
    name : str
        What people call it.
    schema : pyarrow.Schema
        The columns it holds; those of text files are text.
    rows_of_pieces : list of int or None
        The rows of each piece; None of a text file, which is one piece of unknown length.
    size : int
        Bytes that its rows take once they are read, as far as is known.
    """

    name: str
    schema: pa.Schema
    rows_of_pieces: list[int | None]
    size: int

    @property
    def num_rows(self) -> int | None:
        """All its rows, if that is known before they are read."""
        known = [rows for rows in self.rows_of_pieces if rows is not None]
        return sum(known) if len(known) == len(self.rows_of_pieces) else None

    @abstractmethod
    def read(self, piece: int, columns: list[str], most_rows: int) -> Iterator[pa.Table]:
        """The rows of a piece in their order, at most so many at a time.

        Raises
        ------
        FileError
            If the file is damaged, or cannot be read.
        """
