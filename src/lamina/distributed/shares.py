"""Which rows of a batch each rank takes."""

from __future__ import annotations

__all__ = ["share"]


def share(num_rows: int, rank: int, size: int, least: int = 1) -> slice:
    """The places in a batch of ``num_rows`` that a rank takes: one after the other, as equal as can be.

    Where there are fewer than ``size * least`` rows, the last ranks take none, and no rank takes fewer than ``least`` rows,
    unless there are no more.

    >>> [share(10, rank, 4) for rank in range(4)]
    [slice(0, 3, None), slice(3, 6, None), slice(6, 8, None), slice(8, 10, None)]
    >>> [share(3, rank, 4, least=2) for rank in range(2)]
    [slice(0, 3, None), slice(3, 3, None)]
    """
    sharing = min(size, max(1, num_rows // least))
    each, more = divmod(num_rows, sharing)
    first = min(rank, sharing) * each + min(rank, more)
    return slice(first, first + (rank < sharing) * (each + (rank < more)))
