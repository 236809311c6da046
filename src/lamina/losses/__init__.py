"""Losses: what training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.losses.absolute_error import AbsoluteError
    from lamina.losses.custom import CustomLoss
    from lamina.losses.hinge import Hinge
    from lamina.losses.huber import Huber
    from lamina.losses.loss import Loss
    from lamina.losses.perceptron import PerceptronLoss
    from lamina.losses.poisson import Poisson
    from lamina.losses.quantile import Quantile
    from lamina.losses.registry import LABEL_LOSSES, LOSSES, NUMBER_LOSSES, LossLike, get_loss
    from lamina.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
    from lamina.losses.softmax_cross_entropy import SoftmaxCrossEntropy
    from lamina.losses.squared_error import SquaredError

__all__ = [
    "LABEL_LOSSES",
    "LOSSES",
    "NUMBER_LOSSES",
    "AbsoluteError",
    "CustomLoss",
    "Hinge",
    "Huber",
    "Loss",
    "LossLike",
    "PerceptronLoss",
    "Poisson",
    "Quantile",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "get_loss",
]

_HOMES = {
    "lamina.losses.absolute_error": "AbsoluteError",
    "lamina.losses.custom": "CustomLoss",
    "lamina.losses.hinge": "Hinge",
    "lamina.losses.huber": "Huber",
    "lamina.losses.loss": "Loss",
    "lamina.losses.perceptron": "PerceptronLoss",
    "lamina.losses.poisson": "Poisson",
    "lamina.losses.quantile": "Quantile",
    "lamina.losses.registry": "LABEL_LOSSES LOSSES NUMBER_LOSSES LossLike get_loss",
    "lamina.losses.sigmoid_cross_entropy": "SigmoidCrossEntropy",
    "lamina.losses.softmax_cross_entropy": "SoftmaxCrossEntropy",
    "lamina.losses.squared_error": "SquaredError",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
