"""Weights of a fitted model are live and writable, and the model survives every way of copying it."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import DataError, InvalidSettingError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


def _fitted(**settings: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0, **settings}).fit(X, y)


def _through_joblib(model: Any) -> Any:
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


_COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": _through_joblib,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def test_shapes_of_weights_are_those_of_the_layers() -> None:
    model = _fitted()
    assert [w.shape for w in model.coefs_] == [(4, 6), (6, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(6,), (5,), (3,)]
    assert model.n_layers_ == 4
    assert type(model.coefs_ + model.intercepts_) is list


def test_a_prediction_is_what_the_weights_say() -> None:
    model = _fitted()
    h = X
    for w, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        h = np.maximum(h @ w + b, 0)
    logits = h @ model.coefs_[-1] + model.intercepts_[-1]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-10)


@pytest.mark.parametrize("how", ["in place", "by item", "by slice", "as a whole"])
def test_writing_into_weights_changes_predictions(how: str) -> None:
    model, zero, biases = _fitted(), np.zeros((5, 3)), np.array([0.0, 1.0, 0.0])
    if how == "in place":
        model.coefs_[-1][...] = 0
        model.intercepts_[-1][:] = biases
    elif how == "by item":
        model.coefs_[-1] = zero
        model.intercepts_[-1] = biases
    elif how == "by slice":
        model.coefs_[2:] = [zero]
        model.intercepts_[2:] = [biases]
    else:
        model.coefs_ = [*model.coefs_[:2], zero]
        model.intercepts_ = [*model.intercepts_[:2], biases]
    assert (model.predict(X) == 1).all()


def test_weights_of_another_shape_are_refused_and_nothing_is_changed() -> None:
    model = _fitted()
    before = [w.copy() for w in model.coefs_]
    with pytest.raises(ShapeError, match=r"coefs_ must have the shapes .*\(6, 5\).* got .*\(2, 2\)"):
        model.coefs_ = [np.zeros((4, 6)), np.zeros((2, 2)), np.zeros((5, 3))]
    with pytest.raises(ShapeError, match="coefs_ or intercepts_ must have the shapes"):
        model.coefs_[0] = np.zeros(3)
    for now, then in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (np.full((4, 6), np.nan), "must hold finite numbers"),
        (np.full((4, 6), "a"), "must be an array of real numbers"),
        (np.ones((4, 6)) * 1j, "must be an array of real numbers"),
    ],
)
def test_what_is_no_finite_number_is_refused_as_a_weight(new: np.ndarray, words: str) -> None:
    model = _fitted()
    before = [w.copy() for w in model.coefs_]
    with pytest.raises(DataError, match=words):
        model.coefs_[0] = new
    with pytest.raises(DataError, match=words):
        model.coefs_ = [np.zeros_like(w) if i else new for i, w in enumerate(before)]
    for now, then in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(now, then)


_MUTATIONS = {
    "append": lambda arrays: arrays.append(np.zeros(3)),
    "extend": lambda arrays: arrays.extend([np.zeros(3)]),
    "insert": lambda arrays: arrays.insert(0, np.zeros(3)),
    "pop": lambda arrays: arrays.pop(),
    "clear": lambda arrays: arrays.clear(),
    "reverse": lambda arrays: arrays.reverse(),
    "sort": lambda arrays: arrays.sort(key=len),
    "del": lambda arrays: arrays.__delitem__(0),
    "+=": lambda arrays: arrays.__iadd__([np.zeros(3)]),
}


@pytest.mark.parametrize("how", _MUTATIONS)
def test_what_would_change_the_list_but_not_the_model_is_refused(how: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"must keep their arrays.*coefs_\[0\] = "):
        _MUTATIONS[how](_fitted().coefs_)


def test_an_unfitted_model_has_no_weights() -> None:
    model = MLPRegressor()
    for name in ("coefs_", "intercepts_", "history_", "network_", "n_layers_"):
        assert not hasattr(model, name)


@pytest.mark.parametrize("how", _COPIES)
def test_a_copy_predicts_the_same_bits_and_is_independent(how: str) -> None:
    model = _fitted(batch_norm=True, dropout=0.2)
    copied = _COPIES[how](model)
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    assert copied.history_ == model.history_ and copied.stop_reason_ == model.stop_reason_
    assert copied.loss_curve_ == model.loss_curve_
    before = model.predict_proba(X)
    copied.coefs_[0][...] = 0
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "settings", [{}, {"solver": "sgd", "learning_rate": "invscaling"}, {"dropout": 0.3}, {"solver": "nadam"}]
)
def test_a_pickled_model_goes_on_training_as_the_original_does(settings: dict[str, Any]) -> None:
    model = MLPClassifier(hidden_layer_sizes=8, random_state=0, batch_size=20, **settings)
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
    twin = pickle.loads(pickle.dumps(model))
    for _ in range(4):
        model.partial_fit(X, y)
        twin.partial_fit(X, y)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert twin.loss_curve_ == model.loss_curve_ and len(twin.loss_curve_) == 8


def test_a_warm_start_goes_on_after_pickling() -> None:
    model = _fitted(warm_start=True)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.fit(X, y).coefs_[0], model.fit(X, y).coefs_[0])


@pytest.mark.parametrize("objective", ["accuracy", accuracy_score])
def test_perturbed_weights_with_an_objective_go_on_after_pickling(objective: Any) -> None:
    model = MLPClassifier(hidden_layer_sizes=4, solver="perturb-all", objective=objective, max_iter=3, random_state=0)
    model.partial_fit(X, y, classes=[0, 1, 2])
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.partial_fit(X, y).coefs_[0], model.partial_fit(X, y).coefs_[0])


def test_a_clone_is_unfitted_and_has_the_same_parameters() -> None:
    model = _fitted(dropout=[0.1, 0.2], clip_value=(-1, 1))
    copied = clone(model)
    assert not hasattr(copied, "coefs_")
    assert copied.get_params() == model.get_params()


def test_float32_stays_float32_and_all_else_becomes_float64() -> None:
    assert _fitted().coefs_[0].dtype == np.float64
    single = MLPRegressor(max_iter=2).fit(X.astype(np.float32), y)
    assert single.coefs_[0].dtype == np.float32
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    assert MLPRegressor(max_iter=2).fit((X * 10).astype(np.int16), y).coefs_[0].dtype == np.float64


def test_partial_fit_is_what_fit_does_epoch_by_epoch() -> None:
    settings = {"hidden_layer_sizes": 7, "dropout": 0.2, "batch_size": 32, "random_state": 1}
    whole = MLPClassifier(max_iter=6, **settings).fit(X, y)
    pieces = MLPClassifier(**settings)
    for _ in range(6):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
        assert pieces.n_iter_ == 1
    np.testing.assert_array_equal(pieces.coefs_[0], whole.coefs_[0])
    assert pieces.loss_curve_ == whole.loss_curve_ and pieces.t_ == whole.t_ == 6 * len(X)


def test_a_failed_warm_start_leaves_the_fitted_model_as_it_was() -> None:
    model = _fitted(warm_start=True)
    before = model.predict_proba(X)
    model.set_params(hidden_layer_sizes=(9, 5))
    with pytest.raises(ShapeError, match=r"must keep the shapes .* of the fitted model"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
