"""Trains a model from parameters, a target and rows; each restart runs this once."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from lamina import training
from lamina.caller import SCIKIT_LEARN_MODULE, warn_caller
from lamina.engine import check_mixed
from lamina.errors import FileError, NonFiniteError, ShapeError, phrase, shown
from lamina.estimators import fitting
from lamina.estimators.fitting.architecture import build_network
from lamina.estimators.fitting.curves import Curves
from lamina.estimators.fitting.fit import Fit, Start
from lamina.estimators.fitting.optimization import build_clipping, build_optimizer, build_schedule
from lamina.estimators.fitting.stopping_rule import StoppingRule
from lamina.estimators.fitting.target_blocks import RowBlocks, TargetBlocks
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.solver import changes_rate_by_epoch, is_stochastic, stops_early
from lamina.estimators.target.target import Target
from lamina.network import Network
from lamina.training.callbacks.callback import list_of_callbacks

__all__ = ["draw_seed", "prepare", "rows_a_step", "run", "start_for", "train"]

_DIVERGED = "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."


def train(
    parameters: Parameters,
    target: Target,
    train: Rows,
    validation: Rows | None,
    start: Start,
    *,
    owner: str,
    source: RowBlocks | None = None,
) -> Fit:
    """Train from ``start`` until something stops it; on the rows of a ``source``, of which ``train`` are some.

    Raises
    ------
    NonFiniteError
        If the first epoch diverged.
    KeyboardInterrupt
        If Ctrl-C arrived before anything was learned.
    """
    fit = prepare(parameters, target, start.on(train), len(train) if source is None else source.num_rows, owner=owner)
    run(fit, train, validation, source=source)
    return fit


def start_for(parameters: Parameters, target: Target, X: Any, earlier: Fit | None = None, *, owner: str) -> Start:
    """The start of a fit: new weights for rows X, or those of an earlier fit.

    New weights are drawn before everything else, as in scikit-learn, so that equal seeds give equal initial weights.
    """
    if earlier is not None and earlier.parameters.bins != parameters.bins:
        rule, repair = f"must stay {earlier.parameters.bins} as of the fitted model", "Set warm_start=False to start over."
        raise ShapeError(phrase("bins", rule, parameters.bins, repair=repair, owner=owner))
    known = None if earlier is None else earlier.trainer.network
    network = build_network(parameters, X, target.num_outputs, owner=owner, earlier=known)
    if earlier is not None:
        return _start_from(earlier, network, parameters, owner=owner)
    rng = check_random_state(parameters.random_state)
    weights = network.initialize(rng, X.dtype)
    return Start(network, weights, Curves.empty(scores=stops_early(parameters)), rng, draw_seed(rng), is_new=True)


def _start_from(fit: Fit, network: Network, parameters: Parameters, *, owner: str) -> Start:
    """The weights of an earlier fit, which must match the network."""
    executor = fit.trainer.executor
    came, expected = ([p.shape for p in parameters] for parameters in (network.parameters, executor.program.parameters))
    if came != expected:
        repair = "Set warm_start=False to start over."
        rule = f"must keep the shapes {expected} of the fitted model"
        raise ShapeError(phrase("the network's parameters", rule, came, repair=repair, owner=owner))
    curves = fit.curves.copy()
    if stops_early(parameters):
        curves.validation_scores_ = curves.validation_scores_ or []
        curves.best_loss_ = None
    return Start(network, executor.snapshot()[:2], curves, fit.rng, fit.split_seed)


def prepare(parameters: Parameters, target: Target, start: Start, num_rows: int, *, owner: str) -> Fit:
    """A fit before its first epoch: a trainer for the parameters, with a new optimizer, at the initial weights."""
    dtype = start.weights[0].dtype
    check_mixed(dtype, is_mixed=parameters.precision == "mixed", owner=owner, repair="Give X as float32.")
    rule = StoppingRule(parameters, target, start.curves)
    rate = [fitting.SgdRate(parameters.learning_rate_init, start.curves)] if changes_rate_by_epoch(parameters) else []
    limit = [] if parameters.max_time is None else [training.TimeLimit(parameters.max_time)]
    trainer = training.Trainer(
        start.network,
        target.loss,
        build_optimizer(parameters, target),
        batch_size=rows_a_step(parameters, num_rows, owner=owner),
        schedule=build_schedule(parameters, rule.monitored),
        dropout_schedule=parameters.dropout_schedule,
        weight_decay_schedule=parameters.weight_decay_schedule,
        clipping=build_clipping(parameters),
        callbacks=[rule, *rate, *list_of_callbacks(parameters.callbacks), *limit],
        metrics={"score": rule.validation_score} if rule.monitored == "validation_score" and stops_early(parameters) else None,
        seed=draw_seed(start.rng),
        dtype=dtype.name,
        shuffle=bool(parameters.shuffle),
        precision=parameters.precision,
        engine=parameters.engine,
        device=parameters.device,
        n_threads=parameters.n_threads,
        penalty_per_row=parameters.network is None,
        on_interrupt="return",
        initial_weights=start.weights,
    )
    reason = training.StopReason("max_epochs")
    return Fit(parameters, target, trainer, rule, start.curves, start.rng, start.split_seed, reason)


def run(fit: Fit, train: Rows, validation: Rows | None, *, single_epoch: bool = False, source: RowBlocks | None = None) -> None:
    """Train, and record how it ended."""
    parameters, target, trainer, curves = fit.parameters, fit.target, fit.trainer, fit.curves
    dtype = trainer.executor.dtype
    data = None
    if validation is not None:
        data = (validation.X, target.targets(validation.truth, dtype), validation.weight)
        curves.validation_loss_curve_ = curves.validation_loss_curve_ or []
    curves.n_iter_ = 0
    rows: dict[str, Any]
    if source is None:
        rows = {"X": train.X, "y": target.targets(train.truth, dtype), "sample_weight": train.weight}
    else:
        rows = {"X": TargetBlocks(source, target, dtype)}
    num_rows = len(train) if source is None else source.num_rows
    watched = validation if stops_early(parameters) else None
    fit.raised = None
    try:
        with fit.rule.watching(num_rows, watched, stops=is_stochastic(parameters) and not single_epoch):
            trainer.fit(
                **rows,
                validation_data=data,
                max_epochs=1 if single_epoch else int(parameters.max_iter),
                final_check=not single_epoch,
            )
    except NonFiniteError as error:
        raise NonFiniteError(f"{_DIVERGED} {error}") from error
    except (FileError, KeyboardInterrupt, training.TrainingWarning) as error:
        if trainer.stop_reason is None:
            raise
        fit.raised = error
    if trainer.stop_reason is not None and trainer.stop_reason.code == "interrupted" and not trainer.epoch:
        raise KeyboardInterrupt  # nothing was learned: an earlier fit's model stays
    fit.stop_reason = trainer.stop_reason or training.StopReason("max_epochs")
    fit.monitor = next((c.record for c in trainer.callbacks if isinstance(c, training.Monitor)), None)


def rows_a_step(parameters: Parameters, num_rows: int, *, owner: str) -> int | None:
    """The batch size; warns, like scikit-learn, if it is larger than the data."""
    given = parameters.batch_size
    if isinstance(given, str):
        return 200 if is_stochastic(parameters) else None
    if given > num_rows and is_stochastic(parameters):
        text = f"{owner}: batch_size {shown(given)} is larger than the {num_rows} rows, and will be clipped."
        warn_caller(f"{text} Set batch_size='auto' to silence this.", UserWarning, module=SCIKIT_LEARN_MODULE)
    return int(given)


def draw_seed(rng: np.random.RandomState) -> int:
    """Draw a seed for another random number generator."""
    return int(rng.randint(2**31 - 1))
