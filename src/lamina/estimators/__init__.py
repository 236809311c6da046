"""The scikit-learn face of Lamina."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.estimators.classifier import MLPClassifier
    from lamina.estimators.fitting.restarts import Restart, Restarts
    from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane
    from lamina.estimators.perceptron.perceptron import Perceptron
    from lamina.estimators.perceptron.separability import Separability, linear_separability
    from lamina.estimators.regressor import MLPRegressor

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

_HOMES = {
    "lamina.estimators.classifier": "MLPClassifier",
    "lamina.estimators.perceptron.perceptron": "Perceptron",
    "lamina.estimators.regressor": "MLPRegressor",
    "lamina.estimators.fitting.restarts": "Restart Restarts",
    "lamina.estimators.perceptron.separability": "Separability linear_separability",
    "lamina.estimators.perceptron.certificates": "CommonPoint SeparatingPlane",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
