"""Which models can be served, and how."""

from __future__ import annotations

import os
from typing import Any

from sklearn.utils.validation import check_is_fitted

from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.model import NetworkModel, TableModel, load_model
from lamina.model.fitted_table import FittedTable
from lamina.serving.served import Served
from lamina.serving.served_estimator import ServedEstimator
from lamina.serving.served_network import ServedNetwork
from lamina.serving.served_table import ServedTable
from lamina.training import Trainer

__all__ = ["served"]


def served(model: Any) -> Served:
    """A model as it is served, from memory or a file.

    Raises
    ------
    FileError
        If the file cannot be read.
    NotFittedError
        If it is an estimator that was not fitted.
    InvalidSettingError
        If it is no model, or one that does not know its own predictions, as their function was not kept.
    """
    if isinstance(model, str | os.PathLike):
        model = load_model(model)
    if isinstance(model, FittedTable):
        model = model.model_
    if isinstance(model, Trainer):
        model = NetworkModel.of(model)
    if isinstance(model, TableModel):
        return ServedTable(model)
    if isinstance(model, NetworkModel):
        return ServedNetwork(model)
    if isinstance(model, MLPClassifier | MLPRegressor):
        check_is_fitted(model)
        return ServedEstimator(model)
    rule = "must be a TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Trainer or NetworkModel"
    raise InvalidSettingError(phrase("the model to serve", rule, type(model).__name__))
