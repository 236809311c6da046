"""A context whose trainings are shared by workers that Ray starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from lamina.distributed.communicator import Alone
from lamina.distributed.group import JoinedGroup
from lamina.distributed.rules import RULES
from lamina.distributed.together import Together
from lamina.errors import InvalidSettingError, phrase
from lamina.training.interrupts import Interrupts
from lamina.training.team import present_team, working_with
from lamina.validation import check_parameters, integer, one_of, value

__all__ = ["check_way", "workers"]


@contextmanager
def workers(
    workers: int,
    *,
    communicator: str | None = None,
    way: str = "auto",
    average_every: int | None = None,
    address: str | None = None,
    n_threads: int | None = None,
    timeout_s: float = 300.0,
    max_restarts: int = 10,
) -> Iterator[Together]:
    """A context in which whatever this thread fits is trained by several processes, one training after the other.

    That may be a trainer, an estimator, a pipeline or a table's model: each takes its steps with the same workers, which are
    started once, as :func:`lamina.distributed.fit` does it. Trainings in other threads, such as restarts, are refused.

    Parameters
    ----------
    workers : int in [1, 1024]
        This process and ``workers - 1`` more.
    communicator, way, average_every, address, timeout_s, max_restarts
        As in :func:`lamina.distributed.fit`.
    n_threads : int in [1, 1024], optional
        Threads of each worker's engine, where a trainer does not say it. None: one; it is what Ray counts.

    Yields
    ------
    Together
        ``reports`` is a list with the :class:`Report` of each training that was done.

    Raises
    ------
    InvalidSettingError
        If an argument is out of range, no cluster answers at the address, or it has too few cores.
    MissingPackageError
        If Ray or torch is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.distributed import workers
    >>> X = np.random.default_rng(0).normal(size=(64, 3))
    >>> with workers(1, way="synchronous") as together:
    ...     for target in X.T:
    ...         history = Trainer(Sequential([Dense(1)]), "squared_error").fit(X, target, max_epochs=2)
    >>> len(together.reports), together.reports[0].way.is_synchronous
    (3, True)
    """
    given = {"workers": workers, "way": way, "average_every": average_every, "address": address}
    rules = RULES | {"n_threads": one_of(integer(1, 1024), value(None))}
    times = {"n_threads": n_threads, "timeout_s": timeout_s, "max_restarts": max_restarts, "communicator": communicator}
    check_parameters(given | times, rules, owner="workers")
    check_way(way, average_every, owner="workers")
    if present_team() is not None:
        rule, repair = "must not be asked for within another workers", "End the outer context first."
        raise InvalidSettingError(phrase("workers", rule, workers, repair=repair, owner="workers"))
    began = time.perf_counter()
    if workers == 1:
        with working_with(alone := Together(JoinedGroup(Alone(), have_rows=True), way, average_every, 0.0)):
            yield alone
        return
    from lamina.distributed.ray_group import RayGroup  # Ray takes a second to import

    group = RayGroup(workers, n_threads or 1, communicator, address, timeout_s, max_restarts)
    try:
        together = Together(group, way, average_every, time.perf_counter() - began)
        with working_with(together):
            yield together
    finally:
        with Interrupts() as interrupts:  # ending them takes a second or two, in which nothing must be lost
            group.close()
        if interrupts.count and not interrupts.is_nested:
            raise KeyboardInterrupt


def check_way(way: str, average_every: int | None, *, owner: str) -> None:
    """Raise if steps between averages are given where there are no averages.

    Raises
    ------
    InvalidSettingError
    """
    if average_every is not None and way == "synchronous":
        raise InvalidSettingError(phrase("average_every", "must be None with synchronous steps", average_every, owner=owner))
