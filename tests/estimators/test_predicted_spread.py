"""A regressor that predicts a mean and a spread, with the loss ``gaussian_nll``."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from lamina import Dense, GaussianNLL, MLPRegressor, Sequential, load_model, save_model
from lamina.engine import native_available
from lamina.errors import InvalidSettingError, ShapeError
from lamina.metrics import r2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no native engine"))]
_SMALL: dict[str, Any] = {"hidden_layer_sizes": 8, "learning_rate_init": 0.02, "max_iter": 20, "random_state": 0}


def scattered(seed: int, n: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y = sin 2x with a scatter that grows from 0.1 to 0.9, and that scatter."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, 1))
    spread = 0.5 + 0.2 * X[:, 0]
    return X, np.sin(2 * X[:, 0]) + spread * rng.normal(size=n), spread


X, Y, _ = scattered(0, 200)
BOTH = np.column_stack([Y, 10 * X[:, 0]])


@pytest.mark.parametrize("seed", range(5))
def test_the_spread_is_calibrated_and_the_mean_as_good_as_that_of_the_squared_error(seed: int) -> None:
    X, y, _ = scattered(seed)
    X_new, y_new, spread = scattered(100 + seed)
    settings = {"hidden_layer_sizes": 32, "activation": "tanh", "learning_rate_init": 0.01, "max_iter": 60}
    model, plain = (
        MLPRegressor(loss=loss, random_state=seed, **settings).fit(X, y) for loss in ("gaussian_nll", "squared_error")
    )
    found = model.predict_distribution(X_new)
    assert 0.60 < np.mean(np.abs(y_new - found.mean) < found.spread) < 0.76
    assert np.corrcoef(found.spread, spread)[0, 1] > 0.95
    assert np.mean((found.mean - y_new) ** 2) < 1.1 * np.mean((plain.predict(X_new) - y_new) ** 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("engine", ENGINES)
def test_predictions_are_means_and_the_score_is_theirs(engine: str, dtype: Any) -> None:
    X_typed = X.astype(dtype)
    model = MLPRegressor(loss="gaussian_nll", engine=engine, **_SMALL).fit(X_typed, BOTH)
    mean, found = model.predict(X_typed), model.predict_distribution(X_typed)
    assert mean.shape == found.mean.shape == found.spread.shape == (200, 2)
    assert (mean.dtype, found.mean.dtype, found.spread.dtype) == (dtype, np.float64, np.float64)
    np.testing.assert_array_equal(found.mean, mean)
    assert (found.spread > 0).all() and found.mc_samples == 0
    assert model.score(X_typed, BOTH) == pytest.approx(r2(BOTH, mean), abs=1e-6)
    assert model.n_outputs_ == 4


def test_one_target_has_flat_predictions() -> None:
    found = MLPRegressor(loss="gaussian_nll", **_SMALL).fit(X, Y).predict_distribution(X)
    assert found.mean.shape == found.spread.shape == (200,)
    assert str(found).startswith("200 predictions: spread ")


def test_with_dropout_variances_add_up() -> None:
    model = MLPRegressor(loss="gaussian_nll", dropout=0.3, **_SMALL).fit(X, BOTH)
    of_target, total = model.predict_distribution(X), model.predict_distribution(X, mc_samples=400)
    assert (of_target.mc_samples, total.mc_samples) == (0, 400)
    np.testing.assert_array_equal(model.predict(X), of_target.mean)
    np.testing.assert_array_equal(model.predict(X, mc_samples=400), total.mean)
    assert np.mean(total.spread > of_target.spread) > 0.9


def test_without_dropout_masks_are_refused() -> None:
    model = MLPRegressor(loss="gaussian_nll", **_SMALL).fit(X, Y)
    with pytest.raises(InvalidSettingError, match=r"must have a dropout layer .* Add Dropout, or leave out mc_samples"):
        model.predict_distribution(X, mc_samples=10)


def test_a_row_of_weight_two_is_two_rows() -> None:
    weight = np.where(np.arange(200) < 100, 2.0, 1.0)
    settings = {**_SMALL, "loss": "gaussian_nll", "solver": "lbfgs", "alpha": 0.0}
    weighted = MLPRegressor(**settings).fit(X, Y, weight)
    repeated = MLPRegressor(**settings).fit(np.vstack([X, X[:100]]), np.concatenate([Y, Y[:100]]))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("solver", ["sgd", "perturb-one", "perturb-all", "lbfgs"])
def test_it_goes_with_every_solver(solver: str) -> None:
    settings = {**_SMALL, "batch_size": 200, "max_iter": 30}
    model = MLPRegressor(loss="gaussian_nll", solver=solver, **settings).fit(X, Y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("target", [Y, BOTH], ids=["one", "several"])
def test_a_saved_model_and_a_copy_predict_the_same(target: np.ndarray, tmp_path: Path) -> None:
    model = MLPRegressor(loss=GaussianNLL(eps=1e-4, full=True), **_SMALL).fit(X, target)
    save_model(tmp_path / "a.lamina", model)
    for again in (load_model(tmp_path / "a.lamina"), pickle.loads(pickle.dumps(model)), clone(model).fit(X, target)):
        found, expected = again.predict_distribution(X), model.predict_distribution(X)
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.spread, expected.spread)


def test_its_settings_are_searched_with_early_stopping() -> None:
    model = MLPRegressor(loss=GaussianNLL(), early_stopping=True, **_SMALL)
    search = GridSearchCV(model, {"loss__eps": [1e-6, 1e6]}, cv=2, error_score="raise").fit(X, Y)
    found = search.best_estimator_
    assert found.best_validation_score_ == max(found.validation_scores_) <= 1  # R2 of the means


def test_parts_of_the_rows_are_learned_one_after_the_other() -> None:
    model = MLPRegressor(loss="gaussian_nll", **_SMALL)
    for part in np.array_split(np.arange(200), 3):
        model.partial_fit(X[part], BOTH[part])
    assert model.predict_distribution(X).spread.shape == (200, 2)


def test_a_network_of_ones_own_needs_two_outputs_for_each_target() -> None:
    MLPRegressor("gaussian_nll", network=Sequential([Dense(2)]), max_iter=2).fit(X, Y)
    with pytest.raises(ShapeError, match="2"):
        MLPRegressor("gaussian_nll", network=Sequential([Dense(1)]), max_iter=2).fit(X, Y)


@pytest.mark.parametrize("seed", range(5))
def test_an_early_stop_waits_for_the_mean_although_its_score_falls_at_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(1000, 1))
    y = X[:, 0] ** 2 + rng.normal(size=1000) * (0.1 + (X[:, 0] > 0))
    settings: dict[str, Any] = {"hidden_layer_sizes": 32, "activation": "tanh", "learning_rate_init": 0.01, "random_state": seed}
    model = MLPRegressor("gaussian_nll", early_stopping=True, n_iter_no_change=25, **settings).fit(X, y)
    assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.score(X, y) > 0.3


@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_the_kept_weights_are_those_of_the_least_validation_loss(learning_rate: str) -> None:
    X, y, _ = scattered(0, 300)
    settings: dict[str, Any] = {**_SMALL, "solver": "sgd", "learning_rate": learning_rate, "early_stopping": True, "alpha": 0.0}
    model = MLPRegressor("gaussian_nll", **settings).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    found = model.predict_distribution(X[200:])
    loss = np.mean(np.log(found.spread) + 0.5 * ((y[200:] - found.mean) / found.spread) ** 2)
    assert loss == pytest.approx(-model.best_validation_score_, rel=1e-5)
