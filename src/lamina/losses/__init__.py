"""Losses: what training makes small."""

from lamina.losses.absolute_error import AbsoluteError
from lamina.losses.custom import CustomLoss
from lamina.losses.hinge import Hinge
from lamina.losses.huber import Huber
from lamina.losses.loss import Loss
from lamina.losses.perceptron import PerceptronLoss
from lamina.losses.poisson import Poisson
from lamina.losses.quantile import Quantile
from lamina.losses.registry import LOSSES, LossLike, get_loss
from lamina.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from lamina.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from lamina.losses.squared_error import SquaredError

__all__ = [
    "LOSSES",
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
