"""Optimizers: how a gradient becomes a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.optimizers.adagrad import Adagrad
    from lamina.optimizers.adam import Adam
    from lamina.optimizers.adamw import AdamW
    from lamina.optimizers.gradient_descent import GradientDescent
    from lamina.optimizers.lbfgs import LBFGS
    from lamina.optimizers.momentum import Momentum
    from lamina.optimizers.nadam import Nadam
    from lamina.optimizers.nesterov import Nesterov
    from lamina.optimizers.optimizer import Optimizer, StepOptimizer
    from lamina.optimizers.perturb_all import PerturbAll
    from lamina.optimizers.perturb_one import PerturbOne
    from lamina.optimizers.perturbation import PerturbationOptimizer
    from lamina.optimizers.registry import OPTIMIZERS, get_optimizer
    from lamina.optimizers.rmsprop import RMSprop

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "Adagrad",
    "Adam",
    "AdamW",
    "GradientDescent",
    "Momentum",
    "Nadam",
    "Nesterov",
    "Optimizer",
    "PerturbAll",
    "PerturbOne",
    "PerturbationOptimizer",
    "RMSprop",
    "StepOptimizer",
    "get_optimizer",
]

_HOMES = {
    "lamina.optimizers.adagrad": "Adagrad",
    "lamina.optimizers.adam": "Adam",
    "lamina.optimizers.adamw": "AdamW",
    "lamina.optimizers.gradient_descent": "GradientDescent",
    "lamina.optimizers.lbfgs": "LBFGS",
    "lamina.optimizers.momentum": "Momentum",
    "lamina.optimizers.nadam": "Nadam",
    "lamina.optimizers.nesterov": "Nesterov",
    "lamina.optimizers.optimizer": "Optimizer StepOptimizer",
    "lamina.optimizers.perturb_all": "PerturbAll",
    "lamina.optimizers.perturb_one": "PerturbOne",
    "lamina.optimizers.perturbation": "PerturbationOptimizer",
    "lamina.optimizers.registry": "OPTIMIZERS get_optimizer",
    "lamina.optimizers.rmsprop": "RMSprop",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
