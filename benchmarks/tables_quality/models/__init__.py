"""Lamina and its peers: a row of a table each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables_quality.models.model import Model, Predict
from benchmarks.tables_quality.models.networks import lamina_with, realmlp, scikit_learn_mlp, tabm
from benchmarks.tables_quality.models.trees import catboost, hist_gradient_boosting, lightgbm, xgboost

__all__ = ["OURS", "PEERS", "Model", "Predict", "lamina"]

OURS = "Lamina"

_FOR_TABM = ("airfoil", "concrete", "titanic", "wine_white", "phoneme", "california_housing")
_FOR_REALMLP = (*_FOR_TABM, "telco_churn", "bikeshare", "compactiv", "diamonds")

PEERS = (
    Model("CatBoost", catboost, "catboost"),
    Model("LightGBM", lightgbm, "lightgbm"),
    Model("XGBoost", xgboost, "xgboost"),
    Model("HistGradientBoosting", hist_gradient_boosting, "sklearn"),
    Model("scikit-learn's MLP", scikit_learn_mlp, "sklearn"),
    Model("RealMLP-TD", realmlp, "pytabkit", _FOR_REALMLP),
    Model("TabM", tabm, "pytabkit", _FOR_TABM),
)


def lamina(settings: Mapping[str, Any], label: str) -> Model:
    """The table default; with settings of one's own or another state of the code, a label tells it from others."""
    return Model(f"{OURS}, {label}" if label else OURS, lamina_with(settings), "lamina")
