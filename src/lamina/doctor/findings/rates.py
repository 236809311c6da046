"""Learning rates: the usual one of each optimizer, and how far steps move the weights."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.setup import Setup

__all__ = [
    "USUAL_UPDATE",
    "good_rate",
    "higher_rate",
    "lower_rate",
    "pace",
    "rate_over_usual",
    "relu_and_he",
    "usual_rate",
    "usual_rate_and_time",
]

#: What a step changes in a layer's weights, relative to their norm, in healthy trainings (Karpathy, CS231n, "Ratio of
#: weights:updates": "this ratio should be somewhere around 1e-3").
USUAL_UPDATE = 1e-3

# The defaults of the optimizers' papers where there is one (Adam: Kingma & Ba 2015), else those of Keras; gradient descent's own
# 0.01 is low where inputs are scaled, as here.
_USUAL_MOMENTUM = 0.9
_ENOUGH_STEPS = 3000
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


def good_rate(setup: Setup) -> float:
    """The rate to try for as many steps as there are: the usual one for 3000 and more, up to ten times that for fewer."""
    longer = min(max(_ENOUGH_STEPS / max(setup.num_steps, 1), 1.0), 10.0)
    return float(f"{longer * usual_rate(setup):.1g}")


def lower_rate(setup: Setup) -> float:
    """The rate to try where the setup's is too high: the good one if that is clearly lower, else a tenth."""
    return good_rate(setup) if setup.learning_rate > 3 * good_rate(setup) else setup.learning_rate / 10


def higher_rate(setup: Setup) -> float:
    """The rate to try where the setup's is too low: the good one if that is clearly higher, else ten times as much."""
    return good_rate(setup) if 3 * setup.learning_rate < good_rate(setup) else setup.learning_rate * 10


def usual_rate_and_time(setup: Setup) -> dict[str, float]:
    """Changes: the usual rate, and the epochs that it needs."""
    epochs = max(setup.max_epochs, -(-2 * _ENOUGH_STEPS // setup.steps_per_epoch))
    return {"learning_rate": usual_rate(setup), "epochs": epochs}


def relu_and_he(setup: Setup) -> dict[str, str | float]:
    """Changes: relu with the weights that suit it, at no more than the usual rate, since its gradients do not fade."""
    lower = {"learning_rate": usual_rate(setup)} if setup.learning_rate > 3 * usual_rate(setup) else {}
    return {"activation": "relu", "weight_init": "he"} | lower
