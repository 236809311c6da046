"""The scikit-learn face of Lamina."""

from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.perceptron import Perceptron
from lamina.estimators.regressor import MLPRegressor
from lamina.estimators.restarts import Restart, Restarts
from lamina.estimators.separability import Separability, linear_separability
from lamina.estimators.separation_certificates import CommonPoint, SeparatingPlane

__all__ = [
    "CommonPoint",
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
    "Restart",
    "Restarts",
    "Separability",
    "SeparatingPlane",
    "linear_separability",
]
