"""Groups of ranks: those that were there before, and (in :mod:`lamina.distributed.ray_group`) those that can be made anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from lamina.distributed.communicator import Communicator
from lamina.distributed.rank_rows import Own
from lamina.distributed.watched import Watched
from lamina.engine.plan import Batches
from lamina.errors import LostWorkerError

__all__ = ["Group", "HandedOut", "JoinedGroup"]

HandedOut: TypeAlias = Batches | Sequence[Own]
"""The rows of a training: the same for all ranks, or those of each."""


class Group(Protocol):
    """The ranks that follow this process, which is rank 0.

    Attributes
    ----------
    communicator : Watched
        Another one after :meth:`renew`.
    size : int
        This process included.
    n_threads : int or None
        Of each rank's engine, where a trainer does not say it; None: as many as suit the work.
    told : object
        What rank 0 says of a training's rows.
    restarts : list of str
        A sentence for each time that ranks were replaced.
    """

    communicator: Watched
    size: int
    n_threads: int | None
    told: Any
    restarts: list[str]

    def hand_out(self, rows: HandedOut) -> None:
        """Give each rank the rows of a training that is to begin."""

    def renew(self, error: LostWorkerError) -> None:
        """Replace ranks after an error; the new ones have the rows and wait for messages.

        Raises
        ------
        LostWorkerError
            If that cannot be.
        """


class JoinedGroup:
    """Ranks that another program started, which alone can start them again.

    Parameters
    ----------
    communicator : Communicator
    have_rows : bool
        Whether they have all rows themselves; if not, they are sent them.
    """

    def __init__(self, communicator: Communicator, *, have_rows: bool) -> None:
        self.n_threads: int | None = None
        self.communicator = Watched(communicator)
        self.size = communicator.size
        self.have_rows = have_rows
        self.told: Any = None
        self.restarts: list[str] = []

    def hand_out(self, rows: HandedOut) -> None:
        self.told = None if self.have_rows else rows

    def renew(self, error: LostWorkerError) -> None:
        raise error
