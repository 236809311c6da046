"""The optimizer, schedule and clipping that an estimator's parameters describe."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import schedules
from lamina.clipping import Clipping
from lamina.estimators import fitting
from lamina.estimators.fitting.objective import with_objective
from lamina.estimators.parameters import SCIKIT_LEARN_SCHEDULES
from lamina.estimators.solver import changes_rate_by_epoch
from lamina.optimizers import OPTIMIZERS, Optimizer, PerturbationOptimizer, get_optimizer
from lamina.schedules import Schedule, get_schedule

if TYPE_CHECKING:
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["build_clipping", "build_optimizer", "build_schedule"]


def build_optimizer(estimator: MultilayerPerceptron) -> Optimizer:
    """The optimizer for ``solver`` or ``optimizer``; names take their settings from the estimator's parameters."""
    optimizer = _chosen_optimizer(estimator)
    return with_objective(optimizer, estimator) if isinstance(optimizer, PerturbationOptimizer) else optimizer


def _chosen_optimizer(estimator: MultilayerPerceptron) -> Optimizer:
    chosen = estimator.solver if estimator.optimizer is None else estimator.optimizer
    if isinstance(chosen, Optimizer):
        return chosen
    if chosen == "perturb-one":
        return get_optimizer(chosen)
    if chosen == "perturb-all":
        return get_optimizer(chosen, learning_rate=estimator.learning_rate_init)
    if chosen == "lbfgs":
        return get_optimizer(chosen, gradient_tol=estimator.tol, max_evaluations=estimator.max_fun)
    name = _sgd(estimator) if chosen == "sgd" else chosen
    settings: dict[str, Any] = {"learning_rate": estimator.learning_rate_init}
    known = {setting.name for setting in fields(OPTIMIZERS[name])}  # type: ignore[arg-type]
    if "momentum" in known:
        settings["momentum"] = estimator.momentum
    if "beta1" in known:
        settings |= {"beta1": estimator.beta_1, "beta2": estimator.beta_2, "eps": estimator.epsilon}
    if estimator.weight_decay or name != "adamw":  # AdamW has a decay of its own by default
        settings["weight_decay"] = estimator.weight_decay
    return get_optimizer(name, **settings)


def _sgd(estimator: MultilayerPerceptron) -> str:
    """Which of Lamina's optimizers scikit-learn's "sgd" is."""
    if estimator.momentum == 0:
        return "gradient_descent"
    return "nesterov" if estimator.nesterovs_momentum else "momentum"


def build_schedule(estimator: MultilayerPerceptron, watched: str) -> Schedule:
    """The schedule for ``learning_rate``; ``watched`` is the key of the record that "adaptive" follows.

    scikit-learn's three names act on ``solver="sgd"`` alone, as they do there.
    """
    given = estimator.learning_rate
    if given == "invscaling" and changes_rate_by_epoch(estimator):
        return fitting.RowScaling(estimator.power_t)
    if given == "adaptive" and changes_rate_by_epoch(estimator):
        # an infinite patience never lowers the rate; Adaptive wants an integer
        patience = int(min(estimator.n_iter_no_change, 2**62))
        return schedules.Adaptive(
            patience=patience, tol=estimator.tol, monitor=watched, mode="min" if watched == "loss" else "max"
        )
    if isinstance(given, str) and given in SCIKIT_LEARN_SCHEDULES:
        return get_schedule("constant")
    return get_schedule(given)


def build_clipping(estimator: MultilayerPerceptron) -> Clipping:
    """The bounds on the gradient."""
    value: Any = estimator.clip_value
    return Clipping(
        value=value if value is None or np.ndim(value) == 0 else tuple(value),
        layer_norm=estimator.clip_layer_norm,
        norm=estimator.clip_norm,
    )
