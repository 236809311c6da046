"""Who takes the steps of the trainers that are fitted here: this process alone or, within :func:`working_with`, a team.

Trainers ask this and know nothing else of other processes; :mod:`lamina.distributed` has the teams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from lamina.engine.plan import Batches, TrainingPlan
from lamina.training.blocks.source import BlockSource

if TYPE_CHECKING:
    from lamina.engine.executor import Executor
    from lamina.training.steppers.stepper import SharedStepper

__all__ = ["Help", "Team", "helped", "present_team", "whole_batch", "working_with"]


def whole_batch(batch_size: int) -> int:
    """Of each batch all rows."""
    return batch_size


class Help(NamedTuple):
    """What a team gives a fit.

    Attributes
    ----------
    rows : Batches or BlockSource
        Those that this process takes its steps with: as they were given, or its own share of a source.
    steps_with : callable
        Makes what takes the steps in the executor's place, of the executor and its plan.
    rows_of_batch : callable
        How many rows of a batch come from ``rows``, where the others come from elsewhere.
    """

    rows: Batches | BlockSource
    steps_with: Callable[[Executor, TrainingPlan], SharedStepper]
    rows_of_batch: Callable[[int], int] = whole_batch


class Team(Protocol):
    """Processes that train together."""

    def training(self, trainer: Any, rows: Batches | BlockSource) -> AbstractContextManager[Help]:
        """A context in which a trainer, which is built, is fitted with their help.

        Raises
        ------
        InvalidSettingError
            If such a training, or such rows, cannot be divided.
        """


_TEAM: ContextVar[Team | None] = ContextVar("lamina_team", default=None)


def present_team() -> Team | None:
    """The team of this thread, if any."""
    return _TEAM.get()


@contextmanager
def working_with(team: Team | None) -> Iterator[None]:
    """A context in which trainers that this thread fits do so with a team, or, with None, alone.

    >>> with working_with(None):
    ...     present_team() is None
    True
    """
    token = _TEAM.set(team)
    try:
        yield
    finally:
        _TEAM.reset(token)


@contextmanager
def helped(trainer: Any, rows: Batches | BlockSource) -> Iterator[Help | None]:
    """A context in which a trainer is fitted: what the team of this thread gives it, or None without one.

    What callbacks fit within it they fit alone, since the team is busy.
    """
    team = _TEAM.get()
    if team is None:
        yield None
        return
    with working_with(None), team.training(trainer, rows) as help_:
        yield help_
