"""Builds the optimizer, schedule and clipping that an estimator's parameters describe."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from lamina import schedules
from lamina.clipping import Clipping
from lamina.estimators import fitting
from lamina.estimators.parameters import SCIKIT_LEARN_SCHEDULES, Parameters
from lamina.estimators.solver import changes_rate_by_epoch, stops_early
from lamina.estimators.target.target import Target
from lamina.optimizers import OPTIMIZERS, Optimizer, PerturbationOptimizer, get_optimizer
from lamina.schedules import Schedule, get_schedule

__all__ = ["build_clipping", "build_optimizer", "build_schedule"]


def build_optimizer(parameters: Parameters, target: Target) -> Optimizer:
    """The optimizer for ``solver`` or ``optimizer``; for a name, the parameters provide its settings."""
    optimizer = _chosen_optimizer(parameters)
    return _with_objective(optimizer, parameters, target) if isinstance(optimizer, PerturbationOptimizer) else optimizer


def _with_objective(optimizer: PerturbationOptimizer, parameters: Parameters, target: Target) -> PerturbationOptimizer:
    """The optimizer with the parameters' ``objective``, or its own, as a function of targets and predictions."""
    chosen = optimizer.objective if parameters.objective is None else parameters.objective
    if chosen is None:
        return optimizer
    function = target.objective(chosen)
    function.__name__ = chosen if isinstance(chosen, str) else getattr(chosen, "__name__", "objective")
    return replace(optimizer, objective=function, maximize=optimizer.maximize or isinstance(chosen, str))  # type: ignore[type-var]


def _chosen_optimizer(parameters: Parameters) -> Optimizer:
    chosen = parameters.solver if parameters.optimizer is None else parameters.optimizer
    if isinstance(chosen, Optimizer):
        return chosen
    if chosen == "perturb-one":
        return get_optimizer(chosen)
    if chosen == "perturb-all":
        return get_optimizer(chosen, learning_rate=parameters.learning_rate_init)
    if chosen == "lbfgs":
        return get_optimizer(chosen, gradient_tol=parameters.tol, max_evaluations=parameters.max_fun)
    name = _sgd(parameters) if chosen == "sgd" else chosen
    ours = {
        "learning_rate": parameters.learning_rate_init,
        "momentum": parameters.momentum,
        "beta1": parameters.beta_1,
        "beta2": parameters.beta_2,
    }
    known = {setting.name for setting in fields(OPTIMIZERS[name])}  # type: ignore[arg-type]
    if "beta1" in known:  # epsilon belongs to Adam and its variants
        ours["eps"] = parameters.epsilon
    settings: dict[str, Any] = {setting: given for setting, given in ours.items() if setting in known}
    if parameters.weight_decay or name != "adamw":  # AdamW has its own default decay
        settings["weight_decay"] = parameters.weight_decay
    return get_optimizer(name, **settings)


def _sgd(parameters: Parameters) -> str:
    """The name of the optimizer that corresponds to scikit-learn's "sgd"."""
    if parameters.momentum == 0:
        return "gradient_descent"
    return "nesterov" if parameters.nesterovs_momentum else "momentum"


def build_schedule(parameters: Parameters, monitored: str) -> Schedule:
    """The schedule for ``learning_rate``; with early stopping, ``monitored`` is the key of the records that decides.

    scikit-learn's three names only affect ``solver="sgd"``, as in scikit-learn.
    """
    given = parameters.learning_rate
    if given == "invscaling" and changes_rate_by_epoch(parameters):
        return fitting.RowScaling(parameters.power_t)
    if given == "adaptive" and changes_rate_by_epoch(parameters):
        # Adaptive needs an integer, and an infinite patience never lowers the rate
        patience = int(min(parameters.n_iter_no_change, 2**62))
        monitor = monitored if stops_early(parameters) else "loss"
        mode = "max" if monitor == "validation_score" else "min"
        return schedules.Adaptive(patience=patience, tol=parameters.tol, monitor=monitor, mode=mode)
    if isinstance(given, str) and given in SCIKIT_LEARN_SCHEDULES:
        return get_schedule("constant")
    return get_schedule(given)


def build_clipping(parameters: Parameters) -> Clipping:
    """The bounds on the gradient."""
    value: Any = parameters.clip_value
    return Clipping(
        value=value if value is None or np.ndim(value) == 0 else tuple(value),
        layer_norm=parameters.clip_layer_norm,
        norm=parameters.clip_norm,
    )
