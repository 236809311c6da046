"""Estimators of tables with given settings, before a fit."""

from __future__ import annotations

from lamina.model.kept_settings import settings_of
from lamina.model.table_model import TableModel
from lamina.model.table_settings import TableSettings
from lamina.model.tabular_classifier import TabularClassifier
from lamina.model.tabular_regressor import TabularRegressor

__all__ = ["estimator_for", "untrained"]


def estimator_for(task: str, settings: TableSettings) -> TabularClassifier | TabularRegressor:
    """The estimator of a task, "classification" or "regression"."""
    kind = TabularClassifier if task == "classification" else TabularRegressor
    return kind.from_settings(settings)


def untrained(model: TableModel) -> TabularClassifier | TabularRegressor:
    """An estimator with the settings that a model was trained with."""
    return estimator_for(model.target.task, settings_of(model))
