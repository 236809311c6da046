"""Base class of the digests of columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Self

from lamina.data.columns import ColumnEncoder, Scaling
from lamina.data.values import Values

__all__ = ["ColumnDigest", "FittingSettings"]


class FittingSettings(NamedTuple):
    """What the parameters of :class:`~lamina.data.TableEncoder` say about how encoders are fitted."""

    scaling: Scaling = "robust"
    min_count: int = 5
    max_categories: int = 100
    embed_from: int | None = None


class ColumnDigest(ABC):
    """What is known of a column's values, added block by block; of a size that the number of rows does not change.

    Attributes
    ----------
    num_rows, num_missing : int
        How many values were added, and how many of them are missing.
    """

    def __init__(self) -> None:
        self.num_rows = 0
        self.num_missing = 0

    def add(self, values: Values) -> None:
        """Take in the values of some rows."""
        self.num_rows += len(values.array)
        self.num_missing += int(values.missing.sum())
        self._take_in(values)

    def merge(self, other: Self) -> None:
        """Take in what another digest of the same column knows."""
        self.num_rows += other.num_rows
        self.num_missing += other.num_missing
        self._take_over(other)

    @abstractmethod
    def encoder(self, column: str, settings: FittingSettings) -> ColumnEncoder | None:
        """The encoder of the column, or None if there is nothing to learn."""

    @abstractmethod
    def why_nothing(self) -> str:
        """Why :meth:`encoder` is None."""

    def rare(self, encoder: ColumnEncoder) -> int:
        """The rows whose category shares the slot, or code, of the rare ones."""
        return 0

    @abstractmethod
    def _take_in(self, values: Values) -> None: ...

    @abstractmethod
    def _take_over(self, other: Self) -> None: ...
