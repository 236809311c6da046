"""The tree learners with their defaults and one thread, categories given as the documentation of each advises."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.tables_quality.models.model import Predict, predict_with
from benchmarks.tables_quality.table import Rows

__all__ = ["catboost", "hist_gradient_boosting", "lightgbm", "xgboost"]

_MOST_LEVELS = 255  # of a categorical column of HistGradientBoosting


def lightgbm(rows: Rows, seed: int) -> Predict:
    """Columns of pandas' type for categories are taken as such."""
    import lightgbm

    kind = lightgbm.LGBMRegressor if rows.task == "regression" else lightgbm.LGBMClassifier
    fitted = kind(n_jobs=1, verbose=-1, random_state=seed).fit(rows.X, rows.y)
    return predict_with(fitted, rows, rows.as_known)


def xgboost(rows: Rows, seed: int) -> Predict:
    """As for LightGBM, with ``enable_categorical``."""
    import xgboost

    kind = xgboost.XGBRegressor if rows.task == "regression" else xgboost.XGBClassifier
    fitted = kind(n_jobs=1, enable_categorical=True, random_state=seed).fit(rows.X, rows.y)
    return predict_with(fitted, rows, rows.as_known)


def catboost(rows: Rows, seed: int) -> Predict:
    """Categories are named as ``cat_features``, texts all, with a name for missing ones; unknown ones are known as such."""
    import catboost

    def as_texts(X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{name: X[name].astype(object).fillna("(missing)").astype(str) for name in rows.categories})

    kind = catboost.CatBoostRegressor if rows.task == "regression" else catboost.CatBoostClassifier
    fitted = kind(thread_count=1, verbose=False, allow_writing_files=False, random_seed=seed, cat_features=rows.categories)
    return predict_with(fitted.fit(as_texts(rows.X), rows.y), rows, as_texts)


def hist_gradient_boosting(rows: Rows, seed: int) -> Predict:
    """As for LightGBM; columns of more categories than it bears are numbered."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    many = [name for name in rows.categories if len(rows.X[name].cat.categories) > _MOST_LEVELS]

    def with_numbers(X: pd.DataFrame) -> pd.DataFrame:
        known = rows.as_known(X)
        return known.assign(**{name: _numbers(known[name]) for name in many})

    kind: Any = HistGradientBoostingRegressor if rows.task == "regression" else HistGradientBoostingClassifier
    return predict_with(kind(random_state=seed).fit(with_numbers(rows.X), rows.y), rows, with_numbers)


def _numbers(column: pd.Series) -> pd.Series:
    codes = column.cat.codes.astype(float)
    return codes.where(codes >= 0)
