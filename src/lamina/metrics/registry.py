"""All metrics by name, grouped by what they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from lamina.lazy import LazyRegistry

__all__ = ["ALIASES", "LABEL_METRICS", "NUMBER_METRICS", "OBJECTIVES", "PROBABILITY_METRICS", "SMALLER_IS_BETTER", "Metric"]

Metric: TypeAlias = Callable[..., float]
"""A function of the truth and the predictions."""

LABEL_METRICS: Mapping[str, Metric] = LazyRegistry(
    "lamina.metrics", {name: name for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1")}
)
"""Metrics of integer labels (n, k) on both sides."""

PROBABILITY_METRICS: Mapping[str, Metric] = LazyRegistry(
    "lamina.metrics",
    {"auc": "area_under_curve", "average_precision": "average_precision", "log_loss": "log_loss", "brier": "brier"},
)
"""Metrics of class indices (n,) and probabilities (n, classes)."""

NUMBER_METRICS: Mapping[str, Metric] = LazyRegistry(
    "lamina.metrics", {"r2": "r2", "mae": "mean_absolute_error", "rmse": "root_mean_squared_error", "pinball": "pinball"}
)
"""Metrics of numbers (n,) or (n, k) on both sides."""

SMALLER_IS_BETTER = ("log_loss", "brier", "mae", "rmse", "pinball")
"""The metrics that measure errors; of all others, larger is better."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "acc": "accuracy",
        "AUC": "auc",
        "roc_auc": "auc",
        "f1_score": "f1",
        "mean_absolute_error": "mae",
        "root_mean_squared_error": "rmse",
    }
)
"""Names that scikit-learn and Keras have for them, which trainers take, too."""

OBJECTIVES = ("accuracy", "f1", "r2")
"""Scores that weight perturbation can improve in place of the loss; larger is better."""
