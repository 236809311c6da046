"""What a side must be able to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from benchmarks.workload import Data, Workload

__all__ = ["Job", "Side"]


@dataclass(frozen=True, slots=True)
class Job:
    """A prepared piece of work. ``reset`` goes back to the first weights and is not timed; ``run`` is, and returns the loss.

    The loss is the mean over the last epoch of training; for a prediction it is that of the predicted probabilities.
    """

    run: Callable[[], float]
    reset: Callable[[], object] = lambda: None


class Side(Protocol):
    """A library, or a way to use one. A module of this package is one; import errors say that its library is missing."""

    NAME: str
    VERSION: str

    def prepare(self, workload: Workload, data: Data) -> Job | None:
        """The work, ready to run with ``workload.threads`` threads; None where the library cannot do it."""
