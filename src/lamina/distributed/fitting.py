"""Fits a trainer, or what has trainers inside, with several processes."""

from __future__ import annotations

import inspect
import pickle
import time
from contextlib import suppress
from functools import partial
from typing import Any

from lamina.distributed.checks import check_rows, check_source, check_trainer
from lamina.distributed.communicator import Alone, Communicator
from lamina.distributed.context import check_way
from lamina.distributed.context import workers as workers_of_ray
from lamina.distributed.follower import follow
from lamina.distributed.group import JoinedGroup
from lamina.distributed.joining import join
from lamina.distributed.messages import send
from lamina.distributed.rank_rows import Own
from lamina.distributed.report import Report
from lamina.distributed.rules import RULES
from lamina.distributed.together import Together
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError, LostWorkerError, phrase
from lamina.training import Trainer
from lamina.training.blocks.source import begin_of, source_alone
from lamina.training.run_state import load_run_state, run_state
from lamina.training.team import working_with
from lamina.validation import Rule, check_parameters, one_of, value

__all__ = ["fit"]

_MODEL = Rule("a Trainer, or an estimator with a method fit", lambda given: callable(getattr(given, "fit", None)))


def fit(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    workers: int | None = None,
    communicator: Communicator | str | None = None,
    way: str = "auto",
    average_every: int | None = None,
    address: str | None = None,
    timeout_s: float = 300.0,
    max_restarts: int = 10,
    **fitting: Any,
) -> Report:
    """Train one network with several processes, each of which takes a share of every batch.

    Rank 0 is the process that calls: there callbacks, schedules, validation and checkpoints run as ever, and
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
    model : Trainer, or an estimator
        An estimator is whatever has a ``fit`` in which trainers are fitted: :class:`~lamina.estimators.MLPClassifier`,
        :class:`~lamina.model.TabularClassifier`, a pipeline. Not with L-BFGS, optimizers that perturb weights, losses that are
        functions, or restarts. With ``workers``, each uses the model's ``n_threads``, or one thread.
    X, y, **fitting
        What the model's ``fit`` takes. Arrays are those of all workers; a source of blocks is shared out: see :meth:`share
        <lamina.training.Blocks.share>`.
    workers : int in [1, 1024], optional
        This process and ``workers - 1`` more, which Ray starts, places and supervises (extra ``ray``; on several machines, and
        where the system is not Linux, ``gloo``, too). None: the ranks that ``torchrun`` or ``mpirun`` started, all of which must
        call this function. Those other than 0 need the rows only for a trainer; of an estimator they get the rows that it trains
        on, encoded, from rank 0.
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
        The history, and how the workers worked together. On ranks other than 0, too, the model is the trained one.

    Raises
    ------
    InvalidSettingError
        If the model, or a source of rows, cannot be divided among workers, or there are no ranks to join.
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
    given = {"model": model, "workers": workers, "way": way, "average_every": average_every, "address": address}
    asked = communicator if isinstance(communicator, str) else None
    given |= {"timeout_s": timeout_s, "max_restarts": max_restarts, "communicator": asked}
    check_parameters(given, RULES | {"model": _MODEL, "workers": one_of(RULES["workers"], value(None))}, owner="fit")
    if workers is not None and communicator is not None and asked is None:
        raise InvalidSettingError(phrase("workers", "must be None beside a communicator", workers, owner="fit"))
    check_way(way, average_every, owner="fit")
    inspect.signature(model.fit).bind(X, y, **fitting)  # a word that it does not know is said before anything starts
    if isinstance(model, Trainer):
        check_trainer(model)
    began = time.perf_counter()
    if workers is not None and workers > 1:
        given.pop("model")
        with workers_of_ray(**given, n_threads=getattr(model, "n_threads", None)) as together:
            model.fit(X, y, **fitting)
        return _report(together, model)
    if workers == 1:
        joined: Communicator = Alone()
    else:
        joined = join(communicator=communicator) if communicator is None or isinstance(communicator, str) else communicator
    own = _own_rows(model, joined, X, y, fitting.get("sample_weight")) if isinstance(model, Trainer) and joined.size > 1 else None
    group = JoinedGroup(joined, have_rows=own is not None)
    if joined.rank == 0:
        together = Together(group, way, average_every, time.perf_counter() - began)
        return _lead(model, group, together, partial(model.fit, X, y, **fitting))
    return _follow(model, joined, own)


def _lead(model: Any, group: JoinedGroup, together: Together, fitted: Any) -> Report:
    """Lead ranks that wait until they hear of the end."""
    try:
        if not isinstance(model, Trainer) and together.size > 1:
            _check_can_be_sent(model)
        with working_with(together):
            fitted()
        report = _report(together, model)
    except BaseException as error:
        if not group.communicator.is_broken:  # else they are told by the connection's end
            with suppress(LostWorkerError):  # one that has heard may be gone before the others have
                send(group.communicator, ("failed", f"{type(error).__name__}: {error}"))
        raise
    send(group.communicator, ("end", (report, run_state(model) if isinstance(model, Trainer) else model)))
    return report


def _follow(model: Any, communicator: Communicator, own: Batches | Own | None) -> Report:
    """Follow, with rows of its own or those that rank 0 sends, and end with what that has learned."""

    def rows_of(told: Any) -> Batches | Own:
        sent = told[communicator.rank] if isinstance(told, list) else told
        return sent if own is None else own

    report, learned = follow(communicator, rows_of)
    if isinstance(model, Trainer):
        load_run_state(model, learned)
    else:
        vars(model).update(vars(learned))
    return report  # type: ignore[no-any-return]


def _own_rows(trainer: Trainer, communicator: Communicator, X: Any, y: Any, sample_weight: Any) -> Batches | Own:
    """The rows of a rank that has them: all, or its share of a source."""
    if y is not None:
        data = trainer.batches(X, y, sample_weight)
        check_rows(data, communicator)
        return data
    source = source_alone(X, sample_weight, owner="fit")
    share = check_source(source)(communicator.rank, communicator.size)
    trainer.batches(*next(begin_of(share, 0)))  # builds the network
    return Own.of(share, trainer.settings)


def _check_can_be_sent(model: Any) -> None:
    """Raise before the training if the other ranks could not get its result."""
    try:
        pickle.dumps(model)
    except Exception as error:  # whatever a part of the model raises
        rule, repair = "must be one that can be pickled", "Define its callbacks and functions in a module."
        came = f"{type(error).__name__}: {error}"
        raise InvalidSettingError(phrase("model", rule, came, repair=repair, owner="fit")) from error


def _report(together: Together, model: Any) -> Report:
    """That of the last training, which is the one that counts where there were several."""
    if not together.reports:
        rule = "must train a network in its fit, in the thread that calls it"
        raise InvalidSettingError(phrase("model", rule, type(model).__name__, repair="Call its own fit.", owner="fit"))
    return together.reports[-1]
