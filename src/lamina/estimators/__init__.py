"""The scikit-learn face of Lamina."""

from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.perceptron import Perceptron
from lamina.estimators.regressor import MLPRegressor
from lamina.estimators.separability import Separability, linear_separability

__all__ = ["MLPClassifier", "MLPRegressor", "Perceptron", "Separability", "linear_separability"]
