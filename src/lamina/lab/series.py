"""What is kept of a run over time, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Series"]

_Entry = TypeVar("_Entry")


class Series(Generic[_Entry]):
    """Entries spread evenly over all that were added, and the last one.

    When there are more than ``most``, every second one goes, and of the new ones every second, too.

    >>> series = Series(most=4)
    >>> for entry in range(10):
    ...     series.add(entry)
    >>> list(series)
    [0, 4, 8, 9]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[_Entry] = []
        self._added, self._every = 0, 1

    def add(self, entry: _Entry) -> None:
        if self._entries and (self._added - 1) % self._every:  # the last one was kept for being the last
            self._entries.pop()
        if len(self._entries) == self._most:
            self._entries, self._every = self._entries[::2], 2 * self._every
        self._entries.append(entry)
        self._added += 1

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
