"""Initializers that fit what they drew to rows: the sums that they promise, in any network, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina import Activation, Add, BatchNorm, Dense, Dropout, Graph, Input, PReLU, Sequential
from lamina.errors import InvalidSettingError, ShapeError
from lamina.initializers import AmongRows, UnitVariance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5)) * [1.0, 10.0, 1e2, 1e3, 1e4] + [0.0, 5.0, 1e3, 1e4, 3e4]
BOTH = {"weight_init": "unit_variance", "bias_init": "among_rows"}


def fitted(network, rows=X, *, drawn_by=0, dtype="float64", **settings):
    parameters, state = network.initialize(drawn_by, dtype)
    return network.unflatten(network.adapt_weights(parameters, state, rows, **settings))


@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_the_sums_of_every_unit_have_the_deviation_asked_for(gain):
    layers = [Dense(20, activation="mish", weight_init=UnitVariance(gain), bias_init="among_rows") for _ in range(3)]
    network = Sequential(layers, input_width=5)
    views, x = fitted(network), X
    for i in (1, 2, 3):
        sums = x @ views[f"dense_{i}.weight"]
        np.testing.assert_allclose(sums.std(axis=0), gain, rtol=1e-9)
        x = np.asarray(layers[0].activation.value(sums + views[f"dense_{i}.bias"]))


def test_directions_are_those_that_were_drawn():
    network = Sequential([Dense(20, weight_init="unit_variance")], input_width=5)
    drawn = network.unflatten(network.initialize(0, "float64")[0])["dense_1.weight"]
    ratios = fitted(network)["dense_1.weight"] / drawn
    np.testing.assert_allclose(ratios, np.broadcast_to(ratios[0], ratios.shape), rtol=1e-12)
    assert (ratios > 0).all()


def test_with_one_point_every_sum_is_zero_in_a_row():
    views = fitted(Sequential([Dense(50, weight_init="unit_variance", bias_init=AmongRows(1))], input_width=5))
    sums = X @ views["dense_1.weight"] + views["dense_1.bias"]
    np.testing.assert_allclose(np.abs(sums).min(axis=0), 0.0, atol=1e-9)
    assert len(np.unique(np.abs(sums).argmin(axis=0))) > 30


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("points", [2, 5])
def test_every_hyperplane_lies_among_the_rows(seed, points):
    views = fitted(Sequential([Dense(200, bias_init=AmongRows(points))], input_width=5), drawn_by=seed, seed=seed)
    sums = X @ views["dense_1.weight"] + views["dense_1.bias"]
    assert (sums.min(axis=0) < 0).all()
    assert (sums.max(axis=0) > 0).all()


def test_more_points_lie_nearer_to_the_mean():
    means = []
    for points in (1, 5, 100):
        views = fitted(Sequential([Dense(300, bias_init=AmongRows(points), weight_init="unit_variance")], input_width=5))
        means.append(np.abs((X @ views["dense_1.weight"] + views["dense_1.bias"]).mean(axis=0)).mean())
    assert means[0] > 1.5 * means[1] > 3 * means[2]


def test_any_graph_is_fitted_with_what_stands_between_in_training_mode():
    x, z = Input(5, name="x"), Input(3, name="z")
    h = Dropout(0.5)(BatchNorm()(Dense(9, activation="relu", name="h", **BOTH)(x)))
    network = Graph([x, z], Dense(1, name="out", **BOTH)(Add()([h, Dense(9, name="g", **BOTH)(z)])))
    rows = {"x": X, "z": RNG.normal(size=(300, 3))}
    views = fitted(network, rows)
    first = np.maximum(X @ views["h.weight"] + views["h.bias"], 0.0)
    joined = (first - first.mean(axis=0)) / np.sqrt(first.var(axis=0) + 1e-5) + rows["z"] @ views["g.weight"] + views["g.bias"]
    np.testing.assert_allclose((joined @ views["out.weight"]).std(axis=0), 1.0, rtol=1e-9)
    in_order = fitted(network, [rows["x"], rows["z"]])
    np.testing.assert_array_equal(in_order["out.bias"], views["out.bias"])


def test_other_parameters_and_those_to_keep_stay_as_they_are():
    network = Sequential(
        [Dense(4, name="a", **BOTH), Dense(4, name="b", weight_init="he", bias_init="among_rows")], input_width=5
    )
    drawn = network.unflatten(network.initialize(0, "float64")[0])
    views = fitted(network, keep=["a.weight"])
    assert {name for name, array in views.items() if not np.array_equal(array, drawn[name])} == {"a.bias", "b.bias"}


def test_units_whose_sums_do_not_vary_stay_as_drawn():
    network = Sequential([Dense(4, weight_init="unit_variance")], input_width=5)
    drawn = network.unflatten(network.initialize(0, "float64")[0])["dense_1.weight"]
    for rows in (np.full((30, 5), 0.1), np.zeros((30, 5)), X[:1], np.full((30, 5), np.inf), np.empty((0, 5))):
        np.testing.assert_array_equal(fitted(network, rows)["dense_1.weight"], drawn)


def test_rows_that_are_not_finite_leave_biases_at_zero():
    views = fitted(Sequential([Dense(4, **BOTH)], input_width=5), np.full((30, 5), np.nan))
    assert not views["dense_1.bias"].any()


def test_sparse_rows_serve_as_dense_ones_do_and_both_dtypes_start_alike():
    network = Sequential([Dense(6, activation="relu", **BOTH), Dense(2, **BOTH)], input_width=5)
    dense, thin, single = fitted(network), fitted(network, sparse.csc_matrix(X)), fitted(network, dtype="float32")
    for name in dense:
        np.testing.assert_array_equal(dense[name], thin[name])
        np.testing.assert_allclose(dense[name], single[name], rtol=1e-4, atol=1e-5)
        assert single[name].dtype == np.float32


def test_the_seed_draws_up_to_1024_rows_of_some_weight():
    rows = RNG.normal(size=(5000, 2))
    network = Sequential([Dense(1, weight_init="unit_variance")], input_width=2)
    weights = {seed: fitted(network, rows, seed=seed)["dense_1.weight"] for seed in (1, 2)}
    assert (weights[1] != weights[2]).any()
    assert (rows @ weights[1]).std() == pytest.approx(1.0, rel=0.1)
    np.testing.assert_array_equal(fitted(network, rows, seed=1)["dense_1.weight"], weights[1])
    weight = np.repeat([1.0, 0.0], [300, 4700])
    few = fitted(network, rows, sample_weight=weight)["dense_1.weight"]
    assert (rows[:300] @ few).std() == pytest.approx(1.0)


def test_a_network_without_such_initializers_gets_a_copy():
    network = Sequential([Dense(4)], input_width=5)
    parameters, state = network.initialize(0)
    same = network.adapt_weights(parameters, state, X)
    assert not network.adapts_weights
    assert same is not parameters
    np.testing.assert_array_equal(same, parameters)


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"weight_init": "among_rows"}, "weight_init must not be an initializer for a bias, got AmongRows"),
        ({"bias_init": "unit_variance"}, "bias_init must not be an initializer for a weight, got UnitVariance"),
    ],
)
def test_one_for_the_other_parameter_is_refused(setting, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        Dense(4, **setting)


def test_layers_other_than_dense_ones_are_refused():
    network = Sequential([Dense(4), PReLU(slope_init="among_rows")], input_width=5)
    with pytest.raises(
        InvalidSettingError, match=r"prelu_1: an initializer that fits training rows must belong to a Dense layer"
    ):
        fitted(network)


def test_rows_that_do_not_fit_are_refused():
    network = Sequential([Dense(4, **BOTH), Activation("relu")], input_width=5)
    with pytest.raises(ShapeError, match=r"X must have shape \(rows, 5\), got \(300, 2\)"):
        fitted(network, X[:, :2])
    with pytest.raises(ShapeError, match="the keys of X must be input"):
        fitted(network, {"z": X})
