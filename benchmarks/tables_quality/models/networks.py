"""Lamina's table default and the other networks, with their defaults and one thread."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.tables_quality.models.model import Fit, Predict, predict_with
from benchmarks.tables_quality.table import Rows

__all__ = ["lamina_with", "realmlp", "scikit_learn_mlp", "tabm"]


def lamina_with(settings: Mapping[str, Any]) -> Fit:
    """Lamina's estimators of tables, changed where ``settings`` say; they take the columns as they are."""

    def fit(rows: Rows, seed: int) -> Predict:
        from lamina import TabularClassifier, TabularRegressor

        kind: Any = TabularRegressor if rows.task == "regression" else TabularClassifier
        return predict_with(kind(random_state=seed, n_threads=1, **settings).fit(rows.X, rows.y), rows, lambda X: X)

    return fit


def scikit_learn_mlp(rows: Rows, seed: int) -> Predict:
    """Its user guide asks for scaled inputs; so numbers are, targets too, and categories have a column each."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (make_pipeline(_imputer(), StandardScaler()), rows.numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), rows.categories),
    )
    classifier = MLPClassifier(random_state=seed)
    regressor = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    model = make_pipeline(columns, regressor if rows.task == "regression" else classifier)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return predict_with(model.fit(rows.X, rows.y), rows, lambda X: X)


def realmlp(rows: Rows, seed: int) -> Predict:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return _pytabkit(RealMLP_TD_Regressor if rows.task == "regression" else RealMLP_TD_Classifier, rows, seed)


def tabm(rows: Rows, seed: int) -> Predict:
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    return _pytabkit(TabM_D_Regressor if rows.task == "regression" else TabM_D_Classifier, rows, seed)


def _pytabkit(kind: Any, rows: Rows, seed: int) -> Predict:
    """pytabkit takes pandas' categories as they are, and asks for numbers without missing ones."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # it advertises
    imputer = _imputer().set_output(transform="pandas").fit(rows.X[rows.numbers])

    def complete(X: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([imputer.transform(X[rows.numbers]), rows.as_known(X)[rows.categories]], axis=1)

    fitted = kind(device="cpu", n_threads=1, random_state=seed).fit(complete(rows.X), rows.y)
    return predict_with(fitted, rows, complete)


def _imputer() -> Any:
    """Medians in place of what is missing, and a column that says where it is."""
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", add_indicator=True)
