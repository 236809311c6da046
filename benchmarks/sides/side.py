"""What a side must be able to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.workload import Data, Workload

__all__ = ["Job", "Side"]


@dataclass(frozen=True, slots=True)
class Job:
    """A prepared piece of work. ``run`` is timed; ``reset``, which goes back to the first weights, and ``loss`` are not.

    A training returns the mean loss over its last epoch, a prediction its probabilities, from which ``loss`` is then computed.
    """

    run: Callable[[], Any]
    reset: Callable[[], object] = lambda: None
    loss: Callable[[Any], float] = float


class Side(Protocol):
    """A library, or a way to use one. A module of this package is one; import errors say that its library is missing."""

    NAME: str
    VERSION: str

    def prepare(self, workload: Workload, data: Data) -> Job | None:
        """The work, ready to run with ``workload.threads`` threads (None: its own choice); None where the library cannot."""
