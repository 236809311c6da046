"""Scores: how good labels, probabilities or numbers are, each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.metrics.labels import accuracy, balanced_accuracy, f1
    from lamina.metrics.numbers import mean_absolute_error, r2, root_mean_squared_error
    from lamina.metrics.probabilities import area_under_curve, log_loss
    from lamina.metrics.registry import LABEL_METRICS, NUMBER_METRICS, OBJECTIVES, PROBABILITY_METRICS, Metric
    from lamina.metrics.table_report import constant_prediction, report

__all__ = [
    "LABEL_METRICS",
    "NUMBER_METRICS",
    "OBJECTIVES",
    "PROBABILITY_METRICS",
    "Metric",
    "accuracy",
    "area_under_curve",
    "balanced_accuracy",
    "constant_prediction",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "r2",
    "report",
    "root_mean_squared_error",
]

_HOMES = {
    "lamina.metrics.labels": "accuracy balanced_accuracy f1",
    "lamina.metrics.numbers": "mean_absolute_error r2 root_mean_squared_error",
    "lamina.metrics.probabilities": "area_under_curve log_loss",
    "lamina.metrics.registry": "LABEL_METRICS NUMBER_METRICS OBJECTIVES PROBABILITY_METRICS Metric",
    "lamina.metrics.table_report": "constant_prediction report",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
