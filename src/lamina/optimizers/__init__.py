"""Optimizers: how a gradient becomes a step."""

from lamina.optimizers.adagrad import Adagrad
from lamina.optimizers.adam import Adam
from lamina.optimizers.adamw import AdamW
from lamina.optimizers.base import Optimizer, StepOptimizer
from lamina.optimizers.gradient_descent import GradientDescent
from lamina.optimizers.lbfgs import LBFGS
from lamina.optimizers.momentum import Momentum
from lamina.optimizers.nadam import Nadam
from lamina.optimizers.nesterov import Nesterov
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
    "RMSprop",
    "StepOptimizer",
    "get_optimizer",
]
