"""The scikit-learn face of Lamina."""

from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
