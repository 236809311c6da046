"""The actor that Ray runs for each worker but the first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from lamina.distributed.choice import machine
from lamina.distributed.communicator import Communicator
from lamina.distributed.follower import follow
from lamina.distributed.rank_rows import Own
from lamina.distributed.watched import Watched
from lamina.engine.plan import Batches
from lamina.errors import LostWorkerError
from lamina.extras import require

__all__ = ["Connect", "Place", "RayWorker"]

#: Makes a communicator of rank, size and how long to wait, in seconds.
Connect: TypeAlias = Callable[[int, int, float], Communicator]

_LONG_S = 30 * 24 * 3600.0  # rank 0 may evaluate or save for hours; if it ends, the connection does


class Place(NamedTuple):
    """Where a worker runs: its host's address, its process, when that was started, as the system counts, and its machine."""

    host: str
    process: int
    started: str
    machine: str


class RayWorker:
    """A rank that follows; Ray makes an actor of it, with a second thread that answers while the first one works."""

    def __init__(self) -> None:
        self._rows: Batches | Own
        self._communicator: Watched | None = None

    def place(self) -> Place:
        """Where this is; answering says that it has started."""
        host = require("ray.util", owner="A worker").get_node_ip_address()
        return Place(host, os.getpid(), self.started_at(os.getpid()), machine())

    def require_gloo(self) -> None:
        """Raise if this cannot speak by gloo, before others wait for it."""
        require("torch.distributed", owner="A worker on another machine")

    @staticmethod
    def started_at(process: int) -> str:
        """When a process was started; "" if that cannot be said, or it has ended."""
        try:
            return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
        except OSError:
            return ""

    def pulse(self) -> tuple[bool, float]:
        """Whether this rank waits for others, and for how many seconds it has been waiting or busy."""
        communicator = self._communicator
        return (True, 0.0) if communicator is None else (communicator.is_waiting, time.monotonic() - communicator.since)

    def take(self, rows: tuple[Any, Any, Any] | Own) -> None:
        """Have these rows in the next training: arrays from Ray's object store, where they stay, or a source of its own."""
        self._rows = rows if isinstance(rows, Own) else Batches(*rows)

    def follow(self, connect: Connect, rank: int, size: int) -> None:
        """Take part in trainings until rank 0 or another rank ends."""
        communicator = connect(rank, size, _LONG_S)
        self._communicator = Watched(communicator)
        try:
            follow(self._communicator, lambda told: self._rows)
        except LostWorkerError:
            pass  # not this rank's fault: rank 0 finds out whose it is
        finally:
            communicator.close()  # an error here ends the others' waiting, too
