"""Learning rates: the usual one of each optimizer, and how far steps move the weights."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.setup import Setup

__all__ = ["USUAL_UPDATE", "higher_rate", "lower_rate", "pace", "rate_over_usual", "usual_rate"]

#: What a step changes in a layer's weights, relative to their norm, in healthy trainings (Karpathy, CS231n, "Ratio of
#: weights:updates": "this ratio should be somewhere around 1e-3").
USUAL_UPDATE = 1e-3

# The defaults of the optimizers' papers where there is one (Adam: Kingma & Ba 2015), else those of Keras; gradient descent's own
# 0.01 is low where inputs are scaled, as here.
_USUAL_MOMENTUM = 0.9
_USUAL = {
    "adam": 0.001,
    "adamw": 0.001,
    "nadam": 0.001,
    "rmsprop": 0.001,
    "adagrad": 0.01,
    "momentum": 0.01,
    "nesterov": 0.01,
    "gradient_descent": 0.05,
}


def usual_rate(setup: Setup) -> float:
    """The rate to try first with the setup's optimizer; NaN where it has none."""
    return _USUAL.get(setup.optimizer, math.nan)


def rate_over_usual(setup: Setup) -> float:
    """The learning rate over the usual one; NaN where there is none. Momentum μ adds steps up to 1 / (1 − μ) of their length."""
    longer = (1 - _USUAL_MOMENTUM) / (1 - setup.momentum) if setup.momentum > _USUAL_MOMENTUM else 1.0
    return longer * setup.learning_rate / usual_rate(setup)


def pace(case: Case) -> float:
    """What a step changes in the weights, relative to their usual norm, in the layer that moves most; early in the training."""
    return max((layer.pace.early for layer in case.run.layers if layer.pace.early >= 0), default=math.nan)


def lower_rate(setup: Setup) -> float:
    """The rate to try where the setup's is too high: the usual one if that is clearly lower, else a tenth."""
    return usual_rate(setup) if setup.learning_rate > 3 * usual_rate(setup) else setup.learning_rate / 10


def higher_rate(setup: Setup) -> float:
    """The rate to try where the setup's is too low: the usual one if that is clearly higher, else ten times as much."""
    return usual_rate(setup) if 3 * setup.learning_rate < usual_rate(setup) else setup.learning_rate * 10
