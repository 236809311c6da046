"""Estimators among scikit-learn's tools, and tables of every make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Adam, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

_DATA = load_breast_cancer()
X, y = _DATA.data[:200, :5], _DATA.target[:200]
_NAMES = [f"column {i}" for i in range(5)]
_SMALL: dict[str, Any] = {"hidden_layer_sizes": 6, "max_iter": 5, "random_state": 0}


def _columns(array: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(_NAMES, array.T, strict=True))


_TABLES: dict[str, tuple[Callable[[np.ndarray], Any], Callable[[np.ndarray], Any]]] = {
    "pandas": (lambda a: pd.DataFrame(_columns(a)), pd.Series),
    "polars": (lambda a: pl.DataFrame(_columns(a)), pl.Series),
    "pyarrow": (lambda a: pa.table(_columns(a)), pa.array),
}


# Before 1.9 scikit-learn asks for names by a protocol that newer polars no longer has.
_SEES_POLARS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9) or hasattr(pl.DataFrame, "__dataframe__")
_NAMED = [
    pytest.param(make, marks=pytest.mark.skipif(make == "polars" and not _SEES_POLARS, reason="scikit-learn sees no names"))
    for make in _TABLES
]


@pytest.mark.parametrize("make", _NAMED)
def test_tables_give_the_same_model_and_their_names_are_kept_and_checked(make: str) -> None:
    table, series = _TABLES[make]
    model = MLPClassifier(**_SMALL).fit(table(X), series(y))
    np.testing.assert_array_equal(model.coefs_[0], MLPClassifier(**_SMALL).fit(X, y).coefs_[0])
    assert model.feature_names_in_.tolist() == _NAMES
    assert model.predict(table(X)).shape == y.shape
    renamed = table(X).rename_columns([f"other {n}" for n in _NAMES]) if make == "pyarrow" else None
    if make != "pyarrow":
        renamed = table(X).rename(columns={_NAMES[0]: "other"}) if make == "pandas" else table(X).rename({_NAMES[0]: "other"})
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(renamed)


@pytest.mark.parametrize("make", _TABLES)
def test_partial_fit_and_validation_rows_take_tables(make: str) -> None:
    table, series = _TABLES[make]
    model = MLPRegressor(**_SMALL).fit(table(X), series(y), X_val=table(X[:20]), y_val=series(y[:20]))
    assert len(model.validation_loss_curve_) == 5
    model.partial_fit(table(X), series(y))
    assert model.score(table(X), series(y)) == pytest.approx(model.score(pd.DataFrame(_columns(X)), y))


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
@pytest.mark.parametrize("settings", [{}, {"input_dropout": 0.3}, {"solver": "lbfgs"}, {"early_stopping": True, "max_iter": 3}])
def test_sparse_rows_give_the_model_of_dense_rows(container: Any, settings: dict[str, Any]) -> None:
    X0 = X * (np.median(X, axis=0) < X) / X.max(axis=0)
    dense = MLPClassifier(**{**_SMALL, **settings}).fit(X0, y)
    thin = MLPClassifier(**{**_SMALL, **settings}).fit(container(X0), y)
    np.testing.assert_allclose(thin.predict_proba(container(X0)), dense.predict_proba(X0), rtol=1e-6)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_and_read_only_arrays_do_not_matter(order: Any) -> None:
    given = np.asarray(X, order=order)
    given.flags.writeable = False
    np.testing.assert_array_equal(MLPClassifier(**_SMALL).fit(given, y).coefs_[0], MLPClassifier(**_SMALL).fit(X, y).coefs_[0])


def test_a_grid_search_over_parameters_of_both_libraries_runs_in_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**{**_SMALL, "max_iter": 30}))
    grid = {
        "mlpclassifier__alpha": [1e-4, 1.0],
        "mlpclassifier__dropout": [0.0, 0.2],
        "mlpclassifier__optimizer": [None, Adam(0.02)],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.85
    assert search.best_estimator_.predict_proba(X).shape == (200, 2)


def test_cross_validation_runs_in_processes() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**{**_SMALL, "max_iter": 30}))
    together = cross_val_score(pipeline, X, y, cv=2)
    np.testing.assert_array_equal(cross_val_score(pipeline, X, y, cv=2, n_jobs=2), together)
    assert cross_val_predict(pipeline, X, y, cv=2, method="predict_proba").shape == (200, 2)


def test_ensembles_and_meta_estimators_take_them() -> None:
    base = MLPClassifier(**_SMALL)
    assert BaggingClassifier(base, n_estimators=2, random_state=0).fit(X, y).predict(X).shape == y.shape
    assert StackingClassifier([("mlp", base)], LogisticRegression(), cv=2).fit(X, y).score(X, y) > 0.5
    assert ClassifierChain(base).fit(X, np.c_[y, 1 - y]).predict(X).shape == (200, 2)
    assert TransformedTargetRegressor(MLPRegressor(**_SMALL), transformer=StandardScaler()).fit(X, y).predict(X).shape == y.shape


def test_a_pipeline_that_puts_out_tables_hands_names_on() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**_SMALL)).set_output(transform="pandas")
    pipeline.fit(pd.DataFrame(_columns(X)), y)
    assert pipeline[-1].feature_names_in_.tolist() == _NAMES


def test_metadata_routing_carries_weights_to_the_estimator() -> None:
    weight = np.random.default_rng(0).uniform(0, 2, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, MLPClassifier(**_SMALL).set_fit_request(sample_weight=True))
        routed.fit(X, y, sample_weight=weight)
    direct = MLPClassifier(**_SMALL).fit(StandardScaler().fit_transform(X), y, weight)
    np.testing.assert_array_equal(routed[-1].coefs_[0], direct.coefs_[0])


def test_the_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(MLPClassifier(dropout=0.2, max_iter=7)) == "MLPClassifier(dropout=0.2, max_iter=7)"
    assert repr(MLPRegressor(loss="huber", clip_norm=1.0)) == "MLPRegressor(clip_norm=1.0, loss='huber')"
