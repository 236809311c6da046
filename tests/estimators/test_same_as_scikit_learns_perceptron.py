"""Rows in their own order give scikit-learn's Perceptron and ours the same coefficients: all settings, dense and sparse."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn import linear_model

import lamina

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"tol": None, "max_iter": 20},
    {"eta0": 0.3, "tol": 0.0, "max_iter": 40},
    {"n_iter_no_change": 2, "tol": 0.05},
    {"fit_intercept": False},
    {"class_weight": "balanced"},
    {"class_weight": {0: 0.5, 1: 3.0}},
    {"penalty": "l2", "tol": None, "max_iter": 20},
    {"penalty": "l1", "tol": None, "max_iter": 20, "alpha": 0.003},
    {"penalty": "elasticnet", "l1_ratio": 0.4, "tol": None, "max_iter": 20, "alpha": 0.01, "fit_intercept": False},
    {"penalty": "l2", "alpha": 50.0, "tol": None, "max_iter": 5},
    {"early_stopping": True, "random_state": 5},
    {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.02, "class_weight": "balanced", "random_state": 6},
]
# The loss that scikit-learn watches contains the penalty since 1.8.
NEWER = [{"penalty": "l2"}, {"penalty": "l1", "alpha": 0.003}, {"penalty": "elasticnet", "alpha": 0.01, "tol": 0.01}]
IS_NEWER = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8)


def labeled(seed, num_classes, num_rows=150):
    """Rows that no plane separates, with one decimal, as tables have them: many sums are zero but for rounding."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, 6)).round(1)
    scores = X @ rng.normal(size=(6, num_classes)) + rng.normal(size=(num_rows, num_classes))
    return X, scores.argmax(axis=1), rng


def both(settings):
    settings = {"shuffle": False} | settings
    return linear_model.Perceptron(**settings), lamina.Perceptron(**settings)


def assert_same(theirs, ours, X, rtol=0.0):
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=max(rtol, 1e-14))
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("settings", SETTINGS + (NEWER if IS_NEWER else []), ids=str)
@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_a_fit_gives_the_same_coefficients(settings, num_classes, layout):
    for seed in range(4):
        X, y, rng = labeled(seed, num_classes)
        X = layout(np.where(np.abs(X) < 0.6, 0.0, X) if layout is sparse.csr_array else X)
        for weight in (None, rng.integers(0, 4, len(y)).astype(float)):
            theirs, ours = (model.fit(X, y, sample_weight=weight) for model in both(settings))
            assert_same(theirs, ours, X)
            np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_float32_rows_give_the_same_coefficients_in_float32(num_classes):
    X, y, _ = labeled(0, num_classes)
    theirs, ours = (model.fit(X.astype(np.float32), y) for model in both({}))
    assert ours.coef_.dtype == theirs.coef_.dtype == np.float32
    np.testing.assert_array_equal(ours.coef_, theirs.coef_)


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("penalty", [None, "elasticnet"])
def test_partial_fits_give_the_same_coefficients(num_classes, penalty):
    models = both({"penalty": penalty})
    for seed in range(5):
        X, y, _ = labeled(seed, num_classes)
        theirs, ours = (model.partial_fit(X, y, classes=range(num_classes) if seed == 0 else None) for model in models)
        assert_same(theirs, ours, X)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_given_first_weights_and_warm_starts_give_the_same_coefficients(num_classes):
    X, y, rng = labeled(0, num_classes)
    units = 1 if num_classes == 2 else num_classes
    first, intercept = rng.normal(size=(units, 6)), rng.normal(size=units)
    theirs, ours = (
        model.fit(X, y, coef_init=first.copy(), intercept_init=intercept.copy())
        for model in both({"warm_start": True, "max_iter": 3, "tol": None})
    )
    assert_same(theirs, ours, X)
    assert_same(theirs.fit(X, y), ours.fit(X, y), X)


@pytest.mark.parametrize("settings", [{}, {"penalty": "l1", "alpha": 0.003}, {"penalty": "elasticnet", "alpha": 0.01}])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_the_reference_engine_learns_what_the_native_one_does(settings, layout):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 5))  # no sums that are zero but for rounding, which the reference does not share
    y = rng.integers(0, 3, 80)
    fits = [
        lamina.Perceptron(engine=engine, max_iter=6, tol=None, **settings).fit(layout(X), y) for engine in ("native", "reference")
    ]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fits[0].history_[:, "loss"], fits[1].history_[:, "loss"], rtol=1e-9)


def test_every_parameter_and_public_name_of_scikit_learns_is_there_with_its_default():
    theirs, ours = linear_model.Perceptron(), lamina.Perceptron()
    assert theirs.get_params().items() <= ours.get_params().items()
    X, y, _ = labeled(0, 3)
    theirs.fit(X, y), ours.fit(X, y)
    fitted = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert fitted <= set(vars(ours))
    methods = {name for name, member in inspect.getmembers(theirs, inspect.ismethod) if not name.startswith("_")}
    assert methods <= set(dir(ours))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_arguments_come_in_scikit_learns_order(method):
    theirs, ours = (list(inspect.signature(getattr(kind(), method)).parameters) for kind in both_classes())
    assert ours[: len(theirs)] == theirs


def both_classes():
    return linear_model.Perceptron, lamina.Perceptron
