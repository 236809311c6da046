"""Several trainings from different weights, in parallel, of which the best is kept (row L13 of the lecture).

Training finds a local minimum, and which one depends on the first weights: starting anew is the plainest global search there is
(Rinnooy Kan & Timmer, "Stochastic global optimization methods", 1987).
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data_frame import to_data_frame
from lamina.engine import default_threads
from lamina.errors import NonFiniteError
from lamina.estimators.fitting.optimization import build_optimizer
from lamina.estimators.rows import Rows
from lamina.optimizers import PerturbationOptimizer
from lamina.tasks import Tasks
from lamina.training import StopReason
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.interrupts import Interrupts

if TYPE_CHECKING:
    import pandas as pd

    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["Restart", "Restarts", "fit_restarts", "single_start"]

_POLL_S = 0.1
_UNBEGUN = "The training was interrupted before it had learned anything."


@dataclass(frozen=True, slots=True)
class Restart:
    """One of the trainings.

    Parameters
    ----------
    seed : int or None
        The ``random_state`` that gives these first weights again.
    best : float
        What the choice among the trainings looks at; see :class:`Restarts`. NaN if the training diverged at once.
    loss : float
        The last epoch's training loss.
    epochs : int
    stop_reason : StopReason
    """

    seed: int | None
    best: float
    loss: float
    epochs: int
    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Restarts:
    """The trainings of a fit, as a table.

    Parameters
    ----------
    criterion : str
        What ``best`` is: "validation_score", "objective" of perturbed weights, "validation_loss", or "loss".
    rows : tuple of Restart
        In the order of their seeds.
    chosen : int
        The position of the one that was kept.

    Examples
    --------
    >>> from lamina import MLPRegressor
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=4, n_restarts=3, solver="lbfgs", max_iter=500, random_state=0)
    >>> model = model.fit(X, X.ravel() ** 2)
    >>> len(model.restarts_), model.restarts_.criterion
    (3, 'loss')
    >>> bool(model.restarts_[model.restarts_.chosen].loss == min(row.loss for row in model.restarts_))
    True
    """

    criterion: str
    rows: tuple[Restart, ...]
    chosen: int

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Restart]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> Restart:
        return self.rows[position]

    @property
    def spread(self) -> tuple[float, float, float]:
        """The smallest, the mean and the largest ``best``, those that diverged left out."""
        values = [row.best for row in self.rows if math.isfinite(row.best)]
        return (min(values), sum(values) / len(values), max(values)) if values else (math.nan, math.nan, math.nan)

    def to_frame(self) -> pd.DataFrame:
        """A pandas table, one line a training; ``chosen`` marks the one that was kept."""
        lines = [
            {
                "seed": row.seed,
                self.criterion: row.best,
                **({} if self.criterion == "loss" else {"loss": row.loss}),
                "epochs": row.epochs,
                "stop_code": row.stop_reason.code,
                "chosen": position == self.chosen,
            }
            for position, row in enumerate(self.rows)
        ]
        return to_data_frame(lines, "Restarts")

    def __str__(self) -> str:
        heads = f"   {'seed':>10}  {self.criterion:>16}  {'loss':>10}  {'epochs':>6}  stop reason"
        lines = [
            f"{'*' if position == self.chosen else ' '}  {'' if row.seed is None else row.seed:>10}  {row.best:>16.6g}  "
            f"{row.loss:>10.6g}  {row.epochs:>6}  {row.stop_reason.code}"
            for position, row in enumerate(self.rows)
        ]
        low, mean, high = self.spread
        return "\n".join([heads, *lines, f"   {self.criterion}: {low:.6g} to {high:.6g}, mean {mean:.6g}"])


def single_start(estimator: MultilayerPerceptron) -> Restarts:
    """The table of a fit that started once."""
    seed = estimator.random_state if isinstance(estimator.random_state, int | np.integer) else None
    return Restarts(_criterion(estimator), (_row(estimator, None if seed is None else int(seed)),), 0)


def fit_restarts(
    estimator: MultilayerPerceptron, seeds: Sequence[int], train: Rows, validation: Rows | None
) -> BaseException | None:
    """Fit ``estimator`` from every one of ``seeds``, and leave it as the best of these fits; returns what is to be raised then.

    Each is the fit of an estimator with that ``random_state``, on the same rows; in as many threads as ``n_threads`` says (None:
    those that the limits which people set leave), one each. Each has copies of the callbacks; the estimator's own end in the
    state of those of the best.

    Raises
    ------
    NonFiniteError
        If all of them diverged in their first epoch.
    KeyboardInterrupt
        If Ctrl-C came before any had learned anything.
    """
    batch_size = estimator._batch_size(len(train))  # which warns, once for all
    candidates = [_candidate(estimator, number, seed, train, batch_size) for number, seed in enumerate(seeds, 1)]
    futures = _run_all(candidates, min(len(candidates), estimator.n_threads or default_threads()), train, validation)
    failures = [_failure_of(future) for future in futures]
    if None not in failures:
        if any(failure is not None and failure.code == "interrupted" for failure in failures):
            raise KeyboardInterrupt  # nothing was learned: an earlier fit's model stays
        raise NonFiniteError(next((failure.text for failure in failures if failure), ""))
    rows = tuple(
        _row(candidate, seed, validation) if failure is None else Restart(seed, math.nan, math.nan, 0, failure)
        for candidate, seed, failure in zip(candidates, seeds, failures, strict=True)
    )
    criterion = _criterion(candidates[failures.index(None)])
    larger_is_better = criterion == "validation_score" or (criterion == "objective" and _maximizes(estimator))
    sign = -1 if larger_is_better else 1
    chosen = min(range(len(rows)), key=lambda i: sign * rows[i].best if math.isfinite(rows[i].best) else math.inf)
    if failures[chosen] is not None:  # none has a finite number to be compared by
        chosen = failures.index(None)
    _adopt(estimator, candidates[chosen])
    estimator.restarts_ = Restarts(criterion, rows, chosen)
    learned = (future for future, failure in zip(futures, failures, strict=True) if failure is None)
    return next(filter(None, (future.result() for future in learned)), None)


def _candidate(
    estimator: MultilayerPerceptron, number: int, seed: int, train: Rows, batch_size: int | None
) -> MultilayerPerceptron:
    """The estimator again, about to be trained from a seed of its own."""
    candidate = copy.copy(estimator)
    candidate.random_state, candidate.n_threads = seed, 1
    candidate.callbacks = copy.deepcopy(estimator.callbacks)
    for callback in list_of_callbacks(candidate.callbacks):
        callback.for_restart(number)
    if batch_size is not None:
        candidate.batch_size = min(batch_size, len(train))
    candidate._begin()
    network, weights = candidate._start(train.X, first=True)
    candidate._trainer = candidate._new_trainer(network, weights, len(train))
    return candidate


def _run_all(
    candidates: Sequence[MultilayerPerceptron], num_threads: int, train: Rows, validation: Rows | None
) -> list[Future[BaseException | None]]:
    """Train all."""
    tasks = Tasks([partial(candidate._run, candidate._trainer, train, validation, False) for candidate in candidates])
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
                _stop_all(candidates, tasks)
    return tasks.futures


def _stop_all(candidates: Sequence[MultilayerPerceptron], tasks: Tasks[Any]) -> None:
    """Cancel what has not begun, and let the others end after the present call of the engine.

    A fit that is just beginning forgets that it was asked to stop: it is to be asked again.
    """
    tasks.cancel()
    for candidate in candidates:
        candidate._trainer.stop("interrupted", "The training was interrupted.")


def _failure_of(future: Future[Any]) -> StopReason | None:
    """Why a training has no weights, if it has none."""
    error = None if future.cancelled() else future.exception()
    if future.cancelled() or isinstance(error, KeyboardInterrupt):
        return StopReason("interrupted", _UNBEGUN)
    if isinstance(error, NonFiniteError):
        return StopReason("non_finite", str(error))
    if error is not None:
        raise error
    return None


def _adopt(estimator: MultilayerPerceptron, candidate: MultilayerPerceptron) -> None:
    """Take over everything that a fit learns."""
    for own, copied in zip(list_of_callbacks(estimator.callbacks), list_of_callbacks(candidate.callbacks), strict=True):
        own.load_state(copied.state())
    parameters = estimator.get_params(deep=False)
    for name, value in vars(candidate).items():
        if name not in parameters:
            setattr(estimator, name, value)
    estimator._rule.estimator = estimator
    estimator._trainer.callbacks = estimator._trainer_callbacks()


def _criterion(estimator: MultilayerPerceptron) -> str:
    if estimator.best_validation_score_ is not None:
        return "validation_score"
    if estimator.validation_loss_curve_:
        return "validation_loss"
    return "objective" if len(estimator.history_) and "objective" in estimator.history_[-1] else "loss"


def _maximizes(estimator: MultilayerPerceptron) -> bool:
    optimizer = build_optimizer(estimator)
    return isinstance(optimizer, PerturbationOptimizer) and optimizer.maximize


def _row(estimator: MultilayerPerceptron, seed: int | None, validation: Rows | None = None) -> Restart:
    criterion = _criterion(estimator)
    # "validation_loss" says that there is a curve of it; L-BFGS may be done before its first iteration.
    curve = (estimator.validation_loss_curve_ if criterion == "validation_loss" else estimator.loss_curve_) or [math.nan]
    if criterion == "validation_score":
        best = estimator.best_validation_score_ or 0.0
    elif criterion == "objective":
        best = estimator.history_[-1]["objective"]
    elif criterion == "validation_loss" and validation is not None:
        # Of the weights that are there: a callback may have gone back to better ones.
        best = estimator._validation_loss(validation)
    else:
        # A training that diverged later on has the weights of its lowest loss back.
        best = min(curve) if estimator.stop_reason_.code == "non_finite" else curve[-1]
    loss = estimator.loss_curve_[-1] if estimator.loss_curve_ else math.nan
    return Restart(seed, float(best), float(loss), int(estimator.n_iter_), estimator.stop_reason_)
