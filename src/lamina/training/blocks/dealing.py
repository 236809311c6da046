"""Deals the pieces of a table out to several processes, each of which trains on its own."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.errors import InvalidSettingError, phrase

__all__ = ["dealt"]


def dealt(sizes: Sequence[int], rank: int, size: int, *, what: str = "blocks", repair: str = "") -> list[int]:
    """Which pieces a process gets, by their numbers in order, so that all have about as many rows.

    The largest piece that is left goes to whoever has the fewest rows. The first process has the most rows in the end, so that an
    epoch which ends with its rows has seen those of the others.

    Parameters
    ----------
    sizes : sequence of int
        The rows of each piece.
    rank, size : int
        Which process, from 0, of how many.
    what, repair : str
        What the pieces are called, and what to do where there are too few.

    Raises
    ------
    InvalidSettingError
        If there are fewer pieces with rows than processes.

    Examples
    --------
    >>> [dealt([30, 10, 40, 20], rank, 2) for rank in range(2)]
    [[1, 2], [0, 3]]
    >>> [dealt([10, 20, 40, 20], rank, 2) for rank in range(2)]
    [[0, 2], [1, 3]]
    """
    given = [number for number, rows in enumerate(sizes) if rows]
    if len(given) < size:
        rule = f"must be at most the number of {what} with rows, {len(given)}"
        raise InvalidSettingError(phrase("workers", rule, size, repair=repair or "Ask for fewer workers, or cut the rows finer."))
    hands: list[list[int]] = [[] for _ in range(size)]
    rows = [0] * size
    for number in sorted(given, key=lambda number: -sizes[number]):
        hand = rows.index(min(rows))
        hands[hand].append(number)
        rows[hand] += sizes[number]
    order = sorted(range(size), key=lambda hand: -rows[hand])
    return sorted(hands[order[rank]])
