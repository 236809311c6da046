"""Where both libraries do the same arithmetic, the numbers are the same: parameters, defaults, curves and predictions."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from scipy import sparse
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression

import lamina

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

_IRIS = load_iris(return_X_y=True)
_BINARY = (_IRIS[0][:100] + np.random.default_rng(0).normal(size=(100, 4)), _IRIS[1][:100])
_LABELS = make_multilabel_classification(n_samples=80, n_classes=3, random_state=0)
_NUMBERS = make_regression(n_samples=90, n_features=5, noise=1.0, random_state=0)
_NUMBERS = (_NUMBERS[0], _NUMBERS[1] / 50)
_PROBLEMS = {
    "classes": ("MLPClassifier", _IRIS),
    "two classes": ("MLPClassifier", _BINARY),
    "labels": ("MLPClassifier", _LABELS),
    "numbers": ("MLPRegressor", _NUMBERS),
    "counts": ("MLPRegressor", (_NUMBERS[0], np.floor(np.abs(_NUMBERS[1])))),
}

# Where scikit-learn's estimators have losses other than the squared error, and sample weights.
IS_1_7 = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 7)
_SINCE_1_7 = pytest.mark.skipif(not IS_1_7, reason="scikit-learn has had it since version 1.7")


def _pair(name: str, **settings: Any) -> tuple[Any, Any]:
    return getattr(lamina, name)(**settings), getattr(sklearn.neural_network, name)(**settings)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_every_parameter_is_there_in_its_place_with_its_default(name: str) -> None:
    ours, theirs = (inspect.signature(type(model)).parameters for model in _pair(name))
    positional = [p.name for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if name == "MLPRegressor" and not IS_1_7:
        positional.insert(0, "loss")
    assert [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD] == positional
    assert {key: p.default for key, p in theirs.items()} == {key: ours[key].default for key in theirs}


@pytest.mark.parametrize("problem", _PROBLEMS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_every_fitted_attribute_is_there(problem: str, solver: str) -> None:
    name, (X, y) = _PROBLEMS[problem]
    ours, theirs = (model.fit(X, y) for model in _pair(name, solver=solver, max_iter=3, random_state=0))
    public = [key for key in vars(theirs) if re.fullmatch(r"[a-z].*_", key)]
    assert [key for key in public if not hasattr(ours, key)] == []
    for key in ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "n_features_in_", "t_"):
        expected = ours.n_iter_ * len(X) if key == "t_" else getattr(theirs, key)
        assert getattr(ours, key) == expected


@pytest.mark.parametrize("problem", _PROBLEMS)
def test_the_first_weights_are_the_same_for_the_same_random_state(problem: str) -> None:
    name, (X, y) = _PROBLEMS[problem]
    for activation in ("logistic", "relu"):
        settings = {"hidden_layer_sizes": (4, 3), "activation": activation, "random_state": 3, "max_iter": 1}
        ours, theirs = (model.fit(X, y) for model in _pair(name, solver="sgd", learning_rate_init=1e-300, **settings))
        for mine, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
            np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("problem", [pytest.param(name, marks=_SINCE_1_7 if name == "counts" else ()) for name in _PROBLEMS])
@pytest.mark.parametrize("momentum", [{"momentum": 0}, {"nesterovs_momentum": False}, {}], ids=["plain", "momentum", "nesterov"])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive"])
def test_gradient_descent_without_shuffling_takes_the_same_path(problem: str, momentum: dict[str, Any], schedule: str) -> None:
    name, (X, y) = _PROBLEMS[problem]
    loss = {"loss": "poisson"} if problem == "counts" else {}
    settings = {"hidden_layer_sizes": (6, 5), "activation": "tanh", "alpha": 0.1, "batch_size": 32, "random_state": 0, **loss}
    stopping = {"max_iter": 30, "tol": 1e-2, "n_iter_no_change": 2, "learning_rate_init": 0.02, "learning_rate": schedule}
    pair = _pair(name, solver="sgd", shuffle=False, **settings, **stopping, **momentum)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    ours, theirs = (model.fit(X, y) for model in pair)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-9)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight), rel=1e-7)


@_SINCE_1_7
def test_sample_weights_act_the_same() -> None:
    X, y = _BINARY
    weight = np.random.default_rng(0).uniform(0, 2, len(X))
    settings = {"solver": "sgd", "shuffle": False, "batch_size": 30, "max_iter": 20, "learning_rate_init": 0.1, "random_state": 0}
    ours, theirs = (model.fit(X, y, weight) for model in _pair("MLPClassifier", alpha=1.0, **settings))
    np.testing.assert_allclose(ours.coefs_[1], theirs.coefs_[1], rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("problem", ["classes", "two classes", "labels"])
def test_adam_takes_nearly_the_same_path_and_probabilities_agree(problem: str) -> None:
    name, (X, y) = _PROBLEMS[problem]
    ours, theirs = (model.fit(X, y) for model in _pair(name, shuffle=False, max_iter=30, epsilon=1e-12, random_state=0))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(ours.predict_log_proba(X), np.log(ours.predict_proba(X)))


def test_sparse_labels_come_back_sparse() -> None:
    X, y = _LABELS
    ours, theirs = (model.fit(X, sparse.csr_matrix(y)).predict(X) for model in _pair("MLPClassifier", max_iter=5, random_state=0))
    assert sparse.issparse(ours) and sparse.issparse(theirs)
    assert ours.shape == theirs.shape


@pytest.mark.parametrize("schedule", ["constant", "adaptive"])
def test_verbose_prints_the_same_lines(schedule: str, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = _IRIS
    settings = {"solver": "sgd", "shuffle": False, "verbose": True, "tol": 1.0, "n_iter_no_change": 3, "random_state": 0}
    printed = []
    for model in _pair("MLPClassifier", learning_rate_init=0.01, learning_rate=schedule, **settings):
        model.fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Iteration 1, loss = " in printed[0]
