"""The learned state of an estimator, without its parameters and engine, for files that do not use pickle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from lamina.estimators.fitted import FittedNetwork, adopt, fit_of
from lamina.estimators.fitting.curves import Curves
from lamina.estimators.fitting.fit import Fit, Start
from lamina.estimators.fitting.training import draw_seed, prepare
from lamina.estimators.parameters import Parameters
from lamina.estimators.target.target import Target
from lamina.network import Network
from lamina.training import History, MonitorRecord, Record, StopReason

__all__ = ["FittedState", "fitted_state", "load_fitted_state"]

_ATTRIBUTES = (
    "n_features_in_",
    "n_iter_",
    "t_",
    "n_outputs_",
    "out_activation_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "validation_loss_curve_",
)


@dataclass(frozen=True)
class FittedState:
    """Everything that predictions and fitted attributes need.

    Attributes
    ----------
    network : Network
    parameters, state : ndarray
        The flat vectors of the executor.
    target : dict
        What was learned about y: numbers, strings and lists.
    attributes : dict
        The fitted attributes that are numbers, strings, or lists of them.
    feature_names : list of str
        Empty if X had none.
    epoch, step : int
        Epochs and steps done so far.
    history : list of dict
    stop_reason : StopReason
    monitor : MonitorRecord, optional
    """

    network: Network
    parameters: np.ndarray
    state: np.ndarray
    target: dict[str, Any]
    attributes: dict[str, Any]
    feature_names: list[str]
    epoch: int
    step: int
    history: list[Record]
    stop_reason: StopReason
    monitor: MonitorRecord | None = None


def fitted_state(estimator: FittedNetwork) -> FittedState:
    """The state of a fitted estimator; the arrays are copies."""
    fit = fit_of(estimator)
    trainer = fit.trainer
    return FittedState(
        trainer.network,
        *trainer.executor.snapshot()[:2],
        fit.target.state(),
        {name: getattr(estimator, name) for name in _ATTRIBUTES if hasattr(estimator, name)},
        getattr(estimator, "feature_names_in_", np.array([])).tolist(),
        trainer.epoch,
        trainer.step,
        trainer.history.to_list(),
        fit.stop_reason,
        fit.monitor,
    )


def load_fitted_state(estimator: FittedNetwork, parameters: Parameters, target: Target, state: FittedState) -> None:
    """Restore a state into an estimator with the same parameters; its predictions are equal bit for bit."""
    estimator.n_features_in_ = state.attributes["n_features_in_"]
    if state.feature_names:
        estimator.feature_names_in_ = np.array(state.feature_names, dtype=object)
    adopt(estimator, _restored(parameters, target, state, owner=type(estimator).__name__))


def _restored(parameters: Parameters, target: Target, state: FittedState, *, owner: str) -> Fit:
    curves = Curves.of(state.attributes)
    start = Start(state.network, (state.parameters, state.state), curves, check_random_state(parameters.random_state), 0)
    # Rows of an epoch; at least one batch, since a larger batch size would be clipped with a warning.
    num_rows = max(curves.t_ // max(len(curves.loss_curve_), 1), _whole(parameters.batch_size))
    fit = prepare(parameters, target, start, num_rows, owner=owner)
    fit.split_seed = draw_seed(fit.rng)
    fit.stop_reason = fit.trainer.stop_reason = state.stop_reason
    fit.trainer.history = History(state.history)
    fit.monitor = state.monitor
    fit.trainer.epoch, fit.trainer.step = state.epoch, state.step
    return fit


def _whole(batch_size: int | str) -> int:
    return batch_size if isinstance(batch_size, int) else 1
