"""Fits a trainer with several processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from lamina.distributed.checks import check_rows, check_targets, check_trainer
from lamina.distributed.choice import COMMUNICATORS
from lamina.distributed.communicator import Alone, Communicator
from lamina.distributed.follower import follow
from lamina.distributed.group import Group, JoinedGroup
from lamina.distributed.joining import join
from lamina.distributed.leader import Leader
from lamina.distributed.messages import send
from lamina.distributed.report import Report
from lamina.distributed.way import Timing, Way, chosen_way, measure
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError, LostWorkerError, phrase
from lamina.training import Trainer
from lamina.training.run_state import load_run_state, run_state
from lamina.validation import Rule, check_parameters, choice, instance, integer, number, one_of, text, value

if TYPE_CHECKING:
    from lamina.distributed.ray_group import RayGroup

__all__ = ["fit"]

_WAYS = ("auto", "averaging", "synchronous")
_EVERY = 16  # steps between two averages, where the way is set and no number
_RULES: dict[str, Rule] = {
    "trainer": instance(Trainer),
    "workers": one_of(integer(1, 1024), value(None)),
    "way": choice(_WAYS),
    "average_every": one_of(integer(2), value(None)),
    "address": one_of(text(), value(None)),
    "timeout_s": number(0, closed="neither"),
    "max_restarts": integer(0),
}


def fit(
    trainer: Trainer,
    X: Any,
    y: Any,
    *,
    workers: int | None = None,
    communicator: Communicator | str | None = None,
    sample_weight: Any = None,
    validation_data: Any = None,
    max_epochs: int = 100,
    final_check: bool = True,
    way: str = "auto",
    average_every: int | None = None,
    address: str | None = None,
    timeout_s: float = 300.0,
    max_restarts: int = 10,
) -> Report:
    """Train one network with several processes, each of which takes a share of every batch.

    Rank 0 is the process that calls: there the trainer's callbacks, schedules, validation and checkpoints run as ever, and
    Ctrl-C ends the training as ever. ``batch_size`` is that of all workers together, so that a training does not depend on
    their number. As the batch is divided, it should grow with the workers, and then the learning rate should, too (Goyal et al.
    2017).

    *Synchronous steps* follow the gradient of the whole batch (Goyal et al. 2017): up to rounding, weights are those of one
    process, with dropout, sample weights, penalties, clipping and a short last batch, and from run to run they are equal to the
    bit. Only batch norm differs: each worker normalizes by its share, of at least two rows, and running statistics are
    averaged.

    *Averaging* (local SGD, Stich 2019): each worker takes ``average_every`` steps with its shares; then weights, running
    statistics and the optimizer's memory become the workers' means. For small networks, whose steps are shorter than the
    exchange of gradients.

    Parameters
    ----------
    trainer : Trainer
        Not with L-BFGS, optimizers that perturb weights, or losses that are functions. With ``workers``, each uses the
        trainer's ``n_threads``, or one thread.
    X, y, sample_weight, validation_data, max_epochs, final_check
        As in :meth:`lamina.training.Trainer.fit`; X and y are arrays, the same in all processes.
    workers : int in [1, 1024], optional
        This process and ``workers - 1`` more, which Ray starts, places and supervises (extra ``ray``; on several machines, and
        where the system is not Linux, ``gloo``, too). None: the ranks that ``torchrun`` or ``mpirun`` started, all of which must
        call this function.
    communicator : Communicator or {"shared memory", "gloo", "MPI"}, optional
        That of :func:`join`, or one of your own, in place of joining anew; or the name of what the ranks are to speak by. None:
        shared memory if all are on one machine with Linux, else gloo, or MPI under ``mpirun``.
    way : {"auto", "synchronous", "averaging"}, default="auto"
        "auto" measures a step and a reduction first, and averages if the reduction takes longer; then weights depend on what
        was measured.
    average_every : int, optional
        Steps between two averages, >= 2. None: with "auto" as many as keep exchanges below 5 % of the time, with "averaging" 16.
    address : str, optional
        Of a running Ray cluster, such as "auto". None: Ray as it is initialized, or started on this machine until the end.
    timeout_s : float, default=300
        How long this process waits for a worker, > 0, before that counts as hanging; it is named and replaced.
    max_restarts : int, default=10
        How often lost workers are replaced, >= 0. The steps since the last call of the engine, about half a second, are taken
        again, with the same results.

    Returns
    -------
    Report
        The history, and how the workers worked together. On ranks other than 0, too, the trainer has the final weights.

    Raises
    ------
    InvalidSettingError
        If the trainer cannot be trained so, or there are no ranks to join.
    LostWorkerError
        If workers that cannot be replaced ended or hang; the message names them.
    MissingPackageError
        If Ray, torch or mpi4py is needed and not installed; the message names the extra.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.distributed import fit
    >>> X = np.random.default_rng(0).normal(size=(64, 3))
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", batch_size=16, seed=1)
    >>> report = fit(trainer, X, X[:, 0], workers=1, max_epochs=2, way="synchronous")
    >>> len(report.history), report.way.every
    (2, 1)
    """
    given = {"trainer": trainer, "workers": workers, "way": way, "average_every": average_every, "address": address}
    check_parameters(given | {"timeout_s": timeout_s, "max_restarts": max_restarts}, _RULES, owner="fit")
    asked = communicator if isinstance(communicator, str) else None
    check_parameters({"communicator": asked}, {"communicator": one_of(choice(COMMUNICATORS), value(None))}, owner="fit")
    if workers is not None and communicator is not None and asked is None:
        raise InvalidSettingError(phrase("workers", "must be None beside a communicator", workers, owner="fit"))
    if average_every is not None and way == "synchronous":
        raise InvalidSettingError(phrase("average_every", "must be None with synchronous steps", average_every, owner="fit"))
    began = time.perf_counter()
    check_trainer(trainer)
    check_targets(y)
    data = trainer.batches(X, y, sample_weight)
    rows = {"sample_weight": sample_weight, "validation_data": validation_data, "max_epochs": max_epochs}
    fitting = {"final_check": final_check, **rows}
    if workers is not None and workers > 1:
        from lamina.distributed.ray_group import RayGroup  # Ray takes a second to import

        with threadpool_limits(trainer.n_threads or 1, user_api="lamina"):
            group = RayGroup(trainer, data, workers, asked, address, timeout_s, max_restarts)
            with _closing(group):
                return _lead(trainer, data, group, way, average_every, began, (X, y), fitting)
    if workers == 1:
        joined: Communicator = Alone()
    else:
        joined = join(communicator=communicator) if communicator is None or isinstance(communicator, str) else communicator
    check_rows(data, joined)
    if joined.rank == 0:
        return _lead_joined(trainer, data, JoinedGroup(joined), way, average_every, began, (X, y), fitting)
    report, state = follow(joined, data, trainer.dtype.name, trainer.engine, trainer.n_threads)
    load_run_state(trainer, state)
    return report  # type: ignore[no-any-return]


@contextmanager
def _closing(group: RayGroup) -> Iterator[None]:
    try:
        yield
    finally:
        group.close()


def _lead_joined(trainer: Trainer, data: Batches, group: JoinedGroup, *given: Any) -> Report:
    """Lead ranks that wait until they hear of the end."""
    try:
        report = _lead(trainer, data, group, *given)
    except BaseException as error:
        if not group.communicator.is_broken:  # else they are told by the connection's end
            with suppress(LostWorkerError):  # one that has heard may be gone before the others have
                send(group.communicator, ("failed", f"{type(error).__name__}: {error}"))
        raise
    send(group.communicator, ("end", (report, run_state(trainer))))
    return report


def _lead(
    trainer: Trainer,
    data: Batches,
    group: Group,
    way: str,
    average_every: int | None,
    began: float,
    rows: tuple[Any, Any],
    fitting: dict[str, Any],
) -> Report:
    startup_s = time.perf_counter() - began
    timing = _measured(trainer, data, group) if way == "auto" else None
    batch_size = trainer.batch_size or data.num_rows
    steps_an_epoch = -(-data.num_rows // min(batch_size, data.num_rows))
    if timing is None:
        chosen = Way(1) if way == "synchronous" else Way(average_every or _EVERY)
    else:
        chosen = chosen_way(timing, steps_an_epoch)
        if not chosen.is_synchronous and average_every is not None:
            chosen = Way(average_every)
    trainer.steps_with = lambda executor, plan: Leader(executor, plan, group, chosen, data.num_rows)
    try:
        history = trainer.fit(*rows, **fitting)
    finally:
        trainer.steps_with = None
    communicator = group.communicator
    return Report(history, communicator.size, communicator.name, chosen, timing, startup_s, tuple(getattr(group, "restarts", ())))


def _measured(trainer: Trainer, data: Batches, group: Group) -> Timing:
    """What a step and the reductions take with this trainer's plan."""
    executor, plan = trainer.executor, trainer.settings.plan()
    executor.configure(plan)
    batch_size = trainer.batch_size or data.num_rows
    state = executor.snapshot()
    communicator = group.communicator
    send(communicator, ("configure", executor.program, plan, Way(1)))
    send(communicator, ("weights", [part.shape for part in state]))
    for part in state:
        if part.size:
            communicator.broadcast(part)
    send(communicator, ("measure", batch_size))
    return measure(executor, communicator, data, batch_size)
