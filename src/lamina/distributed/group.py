"""Groups of ranks: those that were there before, and (in :mod:`lamina.distributed.ray_group`) those that can be made anew."""

from __future__ import annotations

from typing import Protocol

from lamina.distributed.communicator import Communicator
from lamina.distributed.watched import Watched
from lamina.errors import LostWorkerError

__all__ = ["Group", "JoinedGroup"]


class Group(Protocol):
    """The ranks that follow this process, which is rank 0.

    Attributes
    ----------
    communicator : Watched
        Another one after :meth:`renew`.
    """

    communicator: Watched

    def renew(self, error: LostWorkerError) -> None:
        """Replace ranks after an error; the new ones know the rows and wait for messages.

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
    """

    def __init__(self, communicator: Communicator) -> None:
        self.communicator = Watched(communicator)

    def renew(self, error: LostWorkerError) -> None:
        raise error
