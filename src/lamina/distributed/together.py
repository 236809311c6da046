"""The team that a group of ranks is for the trainers of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from lamina.distributed.checks import check_batch, check_source, check_trainer
from lamina.distributed.follower import How
from lamina.distributed.group import Group
from lamina.distributed.leader import Leader, LeadersRows, OwnStream, WholeRows, announce
from lamina.distributed.messages import send
from lamina.distributed.rank_rows import Own, Place, close_source, part_of_batch
from lamina.distributed.report import Report
from lamina.distributed.way import Timing, Way, chosen_way, measure
from lamina.engine.plan import Batches
from lamina.engine.threads import limited_threads
from lamina.errors import LostWorkerError
from lamina.training import Trainer
from lamina.training.blocks.source import BlockSource, begin_of
from lamina.training.team import Help

__all__ = ["Together"]

_EVERY = 16  # steps between two averages, where the way is set and no number


class Together:
    """Processes that train together what this one fits.

    Parameters
    ----------
    group : Group
    way, average_every
        As in :func:`lamina.distributed.fit`.
    startup_s : float
        Seconds until the group was ready.

    Attributes
    ----------
    reports : list of Report
        Of the trainings so far, also those that an error ended.
    """

    def __init__(self, group: Group, way: str, average_every: int | None, startup_s: float) -> None:
        self._group = group
        self._way, self._every = way, average_every
        self._startup_s = startup_s
        self.reports: list[Report] = []

    @property
    def size(self) -> int:
        """How many processes there are, this one included."""
        return self._group.size

    @contextmanager
    def training(self, trainer: Trainer, rows: Batches | BlockSource) -> Iterator[Help]:
        """See :class:`lamina.training.team.Team`."""
        check_trainer(trainer)
        group, num_restarts = self._group, len(self._group.restarts)
        n_threads = trainer.n_threads or group.n_threads
        how = How(trainer.dtype.name, trainer.engine, n_threads, trainer.device)
        with limited_threads(n_threads):
            handed, mine, leads = self._divided(trainer, rows)
            try:
                way, timing = self._begin(trainer, handed, mine, how)
                try:
                    yield Help(
                        mine,
                        lambda executor, plan: Leader(executor, plan, group, way, how, leads),
                        partial(part_of_batch, rank=0, size=1 if isinstance(mine, Batches) else group.size),
                    )
                finally:  # what an error ended was a training, too
                    restarts, name = tuple(group.restarts[num_restarts:]), group.communicator.name
                    self.reports.append(Report(trainer.history, group.size, name, way, timing, self._startup_s, restarts))
            finally:
                if mine is not rows:
                    close_source(mine)

    def _divided(self, trainer: Trainer, rows: Batches | BlockSource) -> tuple[Any, Batches | BlockSource, LeadersRows]:
        """What the ranks get, what this process has of it, and how it says which rows a step is of."""
        if isinstance(rows, Batches):
            return rows, rows, WholeRows(rows.num_rows)
        size, settings = self.size, trainer.settings
        check_batch(settings.rows_a_step, size, trainer.executor.program)
        shares = [check_source(rows)(rank, size) for rank in range(size)]

        def place() -> Place:
            return Place(trainer.epoch, trainer.steps_this_epoch, trainer.last_epoch)

        assert settings.rows_a_step is not None
        return [Own.of(share, settings) for share in shares], shares[0], OwnStream(place, settings.rows_a_step)

    def _begin(self, trainer: Trainer, handed: Any, mine: Batches | BlockSource, how: How) -> tuple[Way, Timing | None]:
        """Get the others ready, and choose the way; what is lost meanwhile is replaced."""
        group = self._group
        while True:
            try:
                group.hand_out(handed)
                announce(group, how)
                return self._chosen(trainer, mine)
            except LostWorkerError as error:
                group.renew(error)

    def _chosen(self, trainer: Trainer, mine: Batches | BlockSource) -> tuple[Way, Timing | None]:
        if self._way != "auto":
            return Way(1) if self._way == "synchronous" else Way(self._every or _EVERY), None
        sample, num_rows = self._sample(trainer, mine)
        batch_size = trainer.batch_size or sample.num_rows
        timing = self._measured(trainer, sample, batch_size)
        chosen = chosen_way(timing, -(-num_rows // min(batch_size, num_rows)))
        return (Way(self._every) if not chosen.is_synchronous and self._every is not None else chosen), timing

    def _sample(self, trainer: Trainer, mine: Batches | BlockSource) -> tuple[Batches, int]:
        """Rows to measure a step with, and how many there are in an epoch."""
        if isinstance(mine, Batches):
            return mine, mine.num_rows
        block = next(begin_of(mine, 0))
        sample = trainer.batches(*block)
        known = getattr(mine, "num_rows", None)
        return sample, self.size * (sample.num_rows if known is None else known)

    def _measured(self, trainer: Trainer, sample: Batches, batch_size: int) -> Timing:
        """What a step and the reductions take with this trainer's plan."""
        executor, plan = trainer.executor, trainer.settings.plan()
        executor.configure(plan)
        state, communicator = executor.snapshot(), self._group.communicator
        send(communicator, ("configure", executor.program, plan, Way(1)))
        send(communicator, ("weights", [part.shape for part in state]))
        for part in state:
            if part.size:
                communicator.broadcast(part)
        send(communicator, ("measure", batch_size))
        return measure(executor, communicator, sample, batch_size)
