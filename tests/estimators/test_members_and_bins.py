"""The estimators' parameters ``members`` and ``bins``: ensembles of the built-in network, and bins beside its features."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from lamina import Dense, MLPClassifier, MLPRegressor, Sequential, load_model, save_model
from lamina.errors import ShapeError
from lamina.estimators.fitted import fit_of
from lamina.layers import PiecewiseLinear
from lamina.network import Ensemble

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N = 300
X = np.column_stack([RNG.uniform(-1, 1, N), RNG.integers(0, 2, N), RNG.choice([1.0, 2.0, 4.0], N), RNG.normal(size=N)])
STEP = np.sign(np.sin(9 * X[:, 0]))  # jumps, which bins make easy
LABELS = np.array(["low", "middle", "high"])[np.digitize(X[:, 0] + X[:, 3], [-0.5, 0.5])]
SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": 0, "n_threads": 1}


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**{**SMALL, "bins": 6, **parameters})


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{**SMALL, "members": 3, "bins": 6, **parameters})


def bins_of(model: Any) -> PiecewiseLinear | None:
    return next((node.layer for node in model.network_.nodes if isinstance(node.layer, PiecewiseLinear)), None)


# Members.


def test_by_default_there_is_one_network_without_bins() -> None:
    model = MLPRegressor(**SMALL).fit(X, STEP)
    assert (model.members, model.bins) == (1, 0)
    assert isinstance(model.network_, Sequential)


def test_a_prediction_is_the_mean_of_the_members() -> None:
    number, labels = regressor(members=4).fit(X, STEP), classifier().fit(X, LABELS)
    for model, expected in ((number, number.predict(X)), (labels, labels.predict_proba(X))):
        assert isinstance(model.network_, Ensemble)
        assert model.network_.members == model.members
        own = fit_of(model).trainer.predict_members(X)
        np.testing.assert_allclose(own.mean(axis=0).reshape(expected.shape), expected, rtol=1e-9, atol=1e-12)
        assert np.ptp(own, axis=0).max() > 0.01  # they differ
        spread = model.predict_distribution(X).spread
        np.testing.assert_allclose(spread, own.std(axis=0, ddof=1).reshape(expected.shape), rtol=1e-6, atol=1e-12)


def test_each_member_has_weights_of_its_own_at_the_end() -> None:
    model = classifier(members=5).fit(X, LABELS)
    width = X.shape[1] + bins_of(model).fixed_width  # type: ignore[union-attr]
    assert [array.shape for array in model.coefs_] == [(width, 8), (5, 8, 3)]
    assert [array.shape for array in model.intercepts_] == [(5, 8), (5, 3)]


@pytest.mark.parametrize("members", [1, 3])
def test_several_outputs_are_predicted(members: int) -> None:
    Y = np.column_stack([STEP, X[:, 3]])
    model = regressor(members=members).fit(X, Y)
    assert model.predict(X).shape == (N, 2)
    several = classifier(members=members).fit(X, Y > 0)
    assert several.predict(X).shape == (N, 2)
    assert several.predict_proba(X).shape == (N, 2)


# Which features get bins.


def test_features_of_three_values_or_more_get_bins() -> None:
    edges = bins_of(regressor().fit(X, STEP)).edges  # type: ignore[union-attr]
    assert [len(column) for column in edges] == [7, 0, 3, 7]
    assert edges[2] == (1.0, 2.0, 4.0)
    assert (edges[0][0], edges[0][-1]) == (X[:, 0].min(), X[:, 0].max())


@pytest.mark.parametrize("members", [1, 3])
def test_without_such_a_feature_there_are_no_bins(members: int) -> None:
    flat = np.column_stack([X[:, 1], np.full(N, 7.0)])
    with_bins, without = (regressor(bins=bins, members=members).fit(flat, STEP) for bins in (6, 0))
    assert bins_of(with_bins) is None
    np.testing.assert_array_equal(with_bins.predict(flat), without.predict(flat))


def test_bins_learn_jumps_that_a_network_of_this_size_does_not() -> None:
    scores = {bins: regressor(bins=bins, max_iter=60, learning_rate_init=0.01).fit(X, STEP).score(X, STEP) for bins in (0, 16)}
    assert scores[16] > scores[0] + 0.2


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_give_what_dense_ones_do(container: Any) -> None:
    thin = X * (RNG.random(X.shape) < 0.4)
    dense, of_sparse = regressor(members=2).fit(thin, STEP), regressor(members=2).fit(container(thin), STEP)
    assert bins_of(of_sparse) == bins_of(dense)
    np.testing.assert_allclose(of_sparse.predict(container(thin)), dense.predict(thin), rtol=1e-6, atol=1e-9)


def test_a_sparse_feature_of_one_value_besides_0_gets_no_bins() -> None:
    thin = np.column_stack([np.where(RNG.random(N) < 0.2, 5.0, 0.0), X[:, 0] * (RNG.random(N) < 0.2)])
    edges = bins_of(regressor().fit(sparse.csr_matrix(thin), STEP)).edges  # type: ignore[union-attr]
    assert [bool(column) for column in edges] == [False, True]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [1e30, 1e-20, 1e-36])
def test_huge_and_tiny_features_are_learned_from_or_left_without_bins(factor: float, dtype: type) -> None:
    rows = np.column_stack([X[:, 0] * factor, X[:, 3]]).astype(dtype)
    model = regressor(max_iter=3).fit(rows[:, 1:] if factor == 1e30 else rows, STEP)
    edges = bins_of(model).edges  # type: ignore[union-attr]
    assert [bool(column) for column in edges] == ([True] if factor == 1e30 else [factor == 1e-20, True])
    assert np.isfinite(model.predict(rows[:, 1:] if factor == 1e30 else rows)).all()


def test_many_rows_are_thinned_for_the_quantiles() -> None:
    many = np.linspace(0, 1, 50_000)[:, None]
    model = regressor(max_iter=1, bins=4).fit(many, many[:, 0])
    np.testing.assert_allclose(bins_of(model).edges[0], [0, 0.25, 0.5, 0.75, 1], atol=1e-4)  # type: ignore[union-attr]


def test_missing_values_are_refused_as_ever() -> None:
    holed = X.copy()
    holed[3, 0] = np.nan
    for given in (holed, sparse.csr_matrix(holed)):
        with pytest.raises(ValueError, match="NaN"):
            regressor(members=2).fit(given, STEP)


# Together with other parameters.


@pytest.mark.parametrize(("name", "given"), [("members", 4), ("bins", 16)])
def test_a_custom_network_has_its_own(name: str, given: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must keep its default when network is given, got {given}"):
        MLPRegressor(network=Sequential([Dense(1)]), **{name: given}).fit(X, STEP)


@pytest.mark.parametrize(("name", "given"), [("members", 0), ("members", 1.5), ("bins", -1), ("bins", True)])
def test_other_numbers_are_refused(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be an integer"):
        MLPRegressor(**{**SMALL, name: given}).fit(X, STEP)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "perturb-one"])
def test_every_solver_trains_them(solver: str) -> None:
    model = regressor(members=2, solver=solver, max_iter=5).fit(X, STEP)
    assert model.network_.members == 2
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("extra", [{"batch_norm": True}, {"layer_norm": True}, {"dropout": 0.2, "input_dropout": 0.1}])
def test_normalization_and_dropout_lie_behind_the_bins(extra: dict[str, Any]) -> None:
    model = classifier(learning_rate_init=0.02, max_iter=40, **extra).fit(X, LABELS)
    assert bins_of(model) is not None
    assert model.score(X, LABELS) > 0.6


def test_the_best_of_several_starts_is_an_ensemble_too() -> None:
    model = regressor(members=2, n_restarts=3).fit(X, STEP)
    assert len(model.restarts_) == 3
    assert model.network_.members == 2
    assert bins_of(model) is not None


def test_they_are_parameters_as_any_other() -> None:
    model = classifier()
    assert (model.get_params()["members"], model.get_params()["bins"]) == (3, 6)
    twin = clone(model).set_params(members=2, bins=3).fit(X, LABELS)
    assert (twin.network_.members, len(bins_of(twin).edges[0])) == (2, 4)  # type: ignore[union-attr]


# Fits that go on.


def test_a_warm_start_keeps_the_bins_of_the_first_fit() -> None:
    model = regressor(members=2, warm_start=True, max_iter=3).fit(X, STEP)
    first, weights = bins_of(model), np.array(model.coefs_[0])
    model.fit(3 * X, STEP)
    assert bins_of(model) == first
    assert model.coefs_[0].shape == weights.shape
    assert not np.array_equal(model.coefs_[0], weights)


def test_partial_fits_keep_the_bins_of_the_first_rows() -> None:
    model = classifier()
    model.partial_fit(X[:100], LABELS[:100], classes=np.unique(LABELS))
    first = bins_of(model)
    for rows in (slice(100, 200), slice(200, 300)):
        model.partial_fit(100 * X[rows], LABELS[rows])
        assert bins_of(model) == first
    assert np.isfinite(model.predict_proba(1e6 * X)).all()  # beyond the edges, bins stay at their ends


def test_a_warm_start_without_bins_at_first_goes_on_without() -> None:
    flat = np.column_stack([X[:, 1], np.full(N, 7.0), X[:, 1], X[:, 1]])
    model = regressor(warm_start=True).fit(flat, STEP).fit(X, STEP)
    assert bins_of(model) is None


def test_a_warm_start_of_other_members_is_refused() -> None:
    model = regressor(members=2, warm_start=True, max_iter=2).fit(X, STEP)
    with pytest.raises(ValueError, match="the network's parameters must keep the shapes"):
        model.set_params(members=3).fit(X, STEP)


# Kept models.


@pytest.mark.parametrize("members", [1, 3])
def test_pickles_and_model_files_predict_the_same(tmp_path: Path, members: int) -> None:
    model = classifier(members=members).fit(X, LABELS)
    save_model(tmp_path / "a", model)
    for restored in (pickle.loads(pickle.dumps(model)), load_model(tmp_path / "a")):
        np.testing.assert_array_equal(restored.predict_proba(X), model.predict_proba(X))
        assert restored.get_params()["members"] == members
        assert bins_of(restored) == bins_of(model)
        assert bins_of(restored.partial_fit(2 * X, LABELS)) == bins_of(model)


@pytest.mark.parametrize(("before", "after"), [(0, 4), (4, 8), (8, 4), (4, 0)])
def test_a_warm_start_refuses_other_bins_than_those_of_the_fitted_model(before: int, after: int) -> None:
    model = regressor(bins=before, warm_start=True, max_iter=1).fit(X, STEP)
    with pytest.raises(ShapeError, match=f"bins must stay {before} as of the fitted model, got {after}"):
        model.set_params(bins=after).fit(X, STEP)
