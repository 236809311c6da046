"""Several runs from different initial weights, in parallel, of which the best is kept (row L13 of the lecture).

Training finds a local minimum, and which one depends on the initial weights: restarts are the simplest form of global search
(Rinnooy Kan & Timmer, "Stochastic global optimization methods", 1987).
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from lamina.engine import default_threads
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.estimators.fitting.fit import Fit
from lamina.estimators.fitting.joblib_workers import asked_workers
from lamina.estimators.fitting.restarts import Restart, Restarts, criterion_of, row_of
from lamina.estimators.fitting.training import prepare, rows_a_step, run, start_for
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.target.target import Target
from lamina.optimizers import PerturbationOptimizer
from lamina.spread import spread
from lamina.tasks import Tasks
from lamina.training import StopReason
from lamina.training.blocked_gradients import warn_of_blocked_gradients
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.interrupts import Interrupts
from lamina.training.team import present_team

__all__ = ["fit_restarts"]

_POLL_S = 0.1
_UNBEGUN = "The training was interrupted before it learned anything."


def fit_restarts(
    parameters: Parameters, target: Target, train: Rows, validation: Rows | None, seeds: Sequence[int], *, owner: str
) -> tuple[Fit, Restarts]:
    """Fit once from each of ``seeds``; return the best fit, and the table of all.

    Each is the fit of an estimator with that ``random_state``, on the same rows. They run in ``n_threads`` threads (None: as many
    as the environment's limits allow), one thread per fit; or, within a ``joblib.parallel_config`` of several jobs, as its
    workers. Each has copies of the callbacks; at the end, the given callbacks get the state of the best fit's copies. They share
    ``max_time``: each has an equal part.

    Raises
    ------
    InvalidSettingError
        Within a team (:mod:`lamina.training.team`), which does one training at a time.
    NonFiniteError
        If all of them diverged in their first epoch.
    KeyboardInterrupt
        If Ctrl-C arrived before any of them learned anything.
    """
    if present_team() is not None:
        repair = "Fit the restarts one after the other, or without workers."
        raise InvalidSettingError(phrase("n_restarts", "must be 1 with several workers", len(seeds), repair=repair, owner=owner))
    batch_size = rows_a_step(parameters, len(train), owner=owner)  # warns once instead of in every restart
    workers = asked_workers()
    num_threads = min(len(seeds), parameters.n_threads or default_threads(), workers.num_threads)
    of_each = parameters
    if parameters.max_time is not None:
        at_once = workers.num_processes or num_threads
        of_each = replace(parameters, max_time=parameters.max_time / math.ceil(len(seeds) / at_once))
    fits = [_prepared(of_each, target, train, number, seed, batch_size, owner) for number, seed in enumerate(seeds, 1)]
    _warn_once(fits)
    if workers.num_processes:
        fits, failures = _run_elsewhere(fits, train, validation)
    else:
        failures = _run_all(fits, num_threads, train, validation)
    if None not in failures:
        if any(failure is not None and failure.code == "interrupted" for failure in failures):
            raise KeyboardInterrupt  # nothing was learned: an earlier fit's model stays
        raise NonFiniteError(next((failure.text for failure in failures if failure), ""))
    rows = tuple(
        row_of(fit, seed, validation) if failure is None else Restart(seed, math.nan, math.nan, 0, failure)
        for fit, seed, failure in zip(fits, seeds, failures, strict=True)
    )
    first = failures.index(None)
    criterion = criterion_of(fits[first])
    larger_is_better = criterion == "validation_score" or (criterion == "objective" and _maximizes(fits[first]))
    sign = -1 if larger_is_better else 1
    chosen = min(range(len(rows)), key=lambda i: sign * rows[i].best if math.isfinite(rows[i].best) else math.inf)
    if failures[chosen] is not None:  # none has a finite number to compare
        chosen = first
    fit = _with_callbacks(fits[chosen], parameters)
    fit.raised = next((each.raised for each in fits if each.raised is not None), None)
    return fit, Restarts(criterion, rows, chosen)


def _prepared(
    parameters: Parameters, target: Target, train: Rows, number: int, seed: int, batch_size: int | None, owner: str
) -> Fit:
    """One of the fits, ready to start from its own seed."""
    callbacks = copy.deepcopy(parameters.callbacks)
    rows = parameters.batch_size if batch_size is None else min(batch_size, len(train))
    own = replace(parameters, random_state=seed, n_threads=1, callbacks=callbacks, batch_size=rows)
    for callback in list_of_callbacks(own.callbacks):
        callback.for_restart(number)
    start = start_for(own, target, train.X, owner=owner)
    return prepare(own, target, start.on(train), len(train), owner=owner)


def _warn_once(fits: Sequence[Fit]) -> None:
    """Warn of blocked gradients here, at the user's line, and in none of the threads."""
    warn_of_blocked_gradients(fits[0].trainer.executor.program, fits[0].trainer.optimizer)
    for fit in fits:
        fit.trainer.warns_of_blocked_gradients = False


def _run_elsewhere(fits: Sequence[Fit], train: Rows, validation: Rows | None) -> tuple[list[Fit], list[StopReason | None]]:
    """Run all fits in the processes of joblib's context: the fits as they came back, and the failures of :func:`_run_all`.

    They cannot be asked to end: after Ctrl-C an earlier fit's model stays.
    """
    learn = partial(_run_one, train=train, validation=validation)
    with Interrupts() as interrupts, interrupts.each_raises:
        if interrupts.count:
            raise KeyboardInterrupt
        done = list(spread(learn, fits))
    return [fit for fit, _ in done], [failure for _, failure in done]


def _run_one(fit: Fit, train: Rows, validation: Rows | None) -> tuple[Fit, StopReason | None]:
    """Run a fit in a process that has it as a copy."""
    tasks = Tasks([partial(run, fit, train, validation)])
    tasks.start(0)  # in this thread
    return fit, _failure_of(tasks.futures[0])


def _run_all(fits: Sequence[Fit], num_threads: int, train: Rows, validation: Rows | None) -> list[StopReason | None]:
    """Run all fits; return for each why it has no trained weights, or None if it has."""
    tasks = Tasks([partial(run, fit, train, validation) for fit in fits])
    asked = threading.Event()
    all_done = False
    with Interrupts(asked.set) as interrupts:
        while not all_done:
            try:
                if not asked.is_set():
                    tasks.start(num_threads)
                all_done = tasks.wait(_POLL_S)
            except KeyboardInterrupt:
                interrupts.add()
            if asked.is_set():
                _stop_all(fits, tasks)
    return [_failure_of(future) for future in tasks.futures]


def _stop_all(fits: Sequence[Fit], tasks: Tasks[Any]) -> None:
    """Cancel the fits that have not started, and let the others end after the current call of the engine.

    A fit that is just starting may discard the request, so this must be called repeatedly.
    """
    tasks.cancel()
    for fit in fits:
        fit.trainer.stop("interrupted", "The training was interrupted.")


def _failure_of(future: Future[Any]) -> StopReason | None:
    error = None if future.cancelled() else future.exception()
    if future.cancelled() or isinstance(error, KeyboardInterrupt):
        return StopReason("interrupted", _UNBEGUN)
    if isinstance(error, NonFiniteError):
        return StopReason("non_finite", str(error))
    if error is not None:
        raise error
    return None


def _with_callbacks(fit: Fit, parameters: Parameters) -> Fit:
    """The fit with the user's callbacks, which get the state of the copies that it was trained with."""
    own, copies = list_of_callbacks(parameters.callbacks), list_of_callbacks(fit.parameters.callbacks)
    for callback, copied in zip(own, copies, strict=True):
        callback.load_state(copied.state())
    given = {id(copied): callback for copied, callback in zip(copies, own, strict=True)}
    fit.trainer.callbacks = [given.get(id(callback), callback) for callback in fit.trainer.callbacks]
    fit.go_on(parameters, fit.target)
    return fit


def _maximizes(fit: Fit) -> bool:
    optimizer = fit.trainer.optimizer
    return isinstance(optimizer, PerturbationOptimizer) and optimizer.maximize
