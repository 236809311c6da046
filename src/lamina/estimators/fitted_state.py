"""What a fitted estimator learnt, apart from its parameters and its engine: for files that hold no pickle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.network import Network
from lamina.training import History, Record, StopReason

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
    """All that predictions and fitted attributes need.

    Attributes
    ----------
    network : Network
    parameters, state : ndarray
        The flat vectors of the executor.
    target : dict
        What was learnt of y; numbers, texts and lists.
    attributes : dict
        The fitted attributes that are plain numbers, texts, and lists of them.
    feature_names : list of str
        Empty if X had none.
    epoch, step : int
        Done so far.
    history : list of dict
    stop_reason : StopReason
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


def fitted_state(estimator: MultilayerPerceptron) -> FittedState:
    """What a fitted estimator learnt; the arrays are copies."""
    trainer = estimator._trainer
    return FittedState(
        trainer.network,
        *trainer.executor.snapshot()[:2],
        estimator._target_state(),
        {name: getattr(estimator, name) for name in _ATTRIBUTES if hasattr(estimator, name)},
        getattr(estimator, "feature_names_in_", np.array([])).tolist(),
        trainer.epoch,
        trainer.step,
        trainer.history.to_list(),
        estimator.stop_reason_,
    )


def load_fitted_state(estimator: MultilayerPerceptron, state: FittedState) -> None:
    """Make an estimator with the same parameters what the fitted one was; it predicts the same bits."""
    estimator._begin()
    for name, value in state.attributes.items():
        setattr(estimator, name, value)
    if state.feature_names:
        estimator.feature_names_in_ = np.array(state.feature_names, dtype=object)
    estimator._load_target_state(state.target)
    estimator.stop_reason_ = state.stop_reason
    # Rows of an epoch; at least a batch, which would be clipped with a warning otherwise.
    num_rows = max(estimator.t_ // max(len(estimator.loss_curve_), 1), _whole(estimator.batch_size))
    trainer = estimator._new_trainer(state.network, (state.parameters, state.state), num_rows)
    trainer.history = History(state.history)
    trainer.epoch, trainer.step = state.epoch, state.step
    trainer.stop_reason = state.stop_reason
    estimator._trainer = trainer


def _whole(batch_size: int | str) -> int:
    return batch_size if isinstance(batch_size, int) else 1
