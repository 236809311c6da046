"""L32, beyond: data-driven first weights give every layer's weighted sums variance 1 on the user's own data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina import (
    Add,
    BatchNorm,
    Dense,
    Dropout,
    Graph,
    Input,
    Sequential,
    Trainer,
    activation_statistics,
    data_driven_initialization,
)
from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.initializers import Constant

RNG = np.random.default_rng(0)
X = 7.0 * RNG.normal(size=(300, 12)) + RNG.normal(size=12)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_every_layers_sums_have_variance_one(activation: str) -> None:
    layers = [Dense(40, activation=activation, name=f"h{i}") for i in range(8)]
    network = Sequential([*layers, Dense(2, name="out")], input_width=12)
    weights = data_driven_initialization(network, X, seed=1, dtype="float64")
    statistics = activation_statistics(network, X, weights=weights)
    for row in statistics.layers[1:]:
        assert row.sum_variance == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("size", [2.0**-900, 2.0**900])
def test_rows_of_any_size_are_scaled_to_variance_one(size: float) -> None:
    network = Sequential([Dense(5, name="h")], input_width=12)
    weights = network.unflatten(data_driven_initialization(network, X * size, dtype="float64"))["h.weight"]
    np.testing.assert_allclose(((X * size) @ weights).var(), 1.0, atol=2e-3)


def test_any_graph_is_initialized_and_dropout_and_batch_norm_may_stand_between() -> None:
    x, z = Input(12, name="x"), Input(3, name="z")
    h = Dropout(0.5)(BatchNorm()(Dense(9, activation="relu", name="h")(x)))
    network = Graph([x, z], Dense(1, name="out")(Add()([h, Dense(9, name="g")(z)])))
    data = {"x": X, "z": RNG.normal(size=(300, 3))}
    weights = data_driven_initialization(network, data, dtype="float64")
    statistics = activation_statistics(network, data, weights=weights)
    assert [statistics[name].sum_variance for name in ("h", "g", "out")] == pytest.approx([1.0] * 3, abs=2e-3)


def test_weights_are_orthonormal_up_to_a_factor_and_other_parameters_are_the_networks_own() -> None:
    network = Sequential([Dense(5, bias_init=Constant(0.3), name="h"), BatchNorm(name="norm")], input_width=12)
    views = network.unflatten(data_driven_initialization(network, X, dtype="float64"))
    gram = views["h.weight"].T @ views["h.weight"]
    np.testing.assert_allclose(gram / gram[0, 0], np.eye(5), atol=1e-12)
    np.testing.assert_array_equal(views["h.bias"], 0.3)
    np.testing.assert_array_equal(views["norm.gamma"], 1.0)


def test_the_seed_decides_and_the_first_rows_are_used() -> None:
    network = Sequential([Dense(4)], input_width=12)
    first = data_driven_initialization(network, X, seed=3, max_rows=50)
    np.testing.assert_array_equal(first, data_driven_initialization(network, X[:50], seed=3))
    assert (first != data_driven_initialization(network, X, seed=4, max_rows=50)).any()
    assert first.dtype == np.float32


def test_sparse_rows_serve_as_dense_ones_do() -> None:
    network = Sequential([Dense(4)], input_width=12)
    dense = data_driven_initialization(network, X)
    np.testing.assert_array_equal(dense, data_driven_initialization(network, sparse.csr_matrix(X)))


def test_a_trainer_starts_from_them() -> None:
    network = Sequential([Dense(30, activation="tanh"), Dense(1)], input_width=12)
    trainer = Trainer(network, "squared_error")
    trainer.executor.restore(parameters=data_driven_initialization(network, X))
    history = trainer.fit(X, X[:, 0] / 7, max_epochs=20)
    assert history[-1, "loss"] < 0.5 * history[0, "loss"]


def test_data_that_do_not_vary_are_refused() -> None:
    with pytest.raises(DataError, match="the weighted sums of dense_1 must vary"):
        data_driven_initialization(Sequential([Dense(4)]), np.zeros((10, 2)))


def test_a_dead_layer_is_refused() -> None:
    network = Sequential([Dense(4, activation="relu", bias_init=Constant(-1e6)), Dense(2)])
    with pytest.raises(DataError, match="dense_2"):
        data_driven_initialization(network, X)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (X[:1], ShapeError, "at least 2 rows"),
        (X[:, :5], ShapeError, r"must have shape \(rows, 12\)"),
        (np.full((5, 12), np.inf), DataError, "must be finite"),
        ({"other": X}, ShapeError, "the keys of X"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        data_driven_initialization(Sequential([Dense(4)], input_width=12), data)


def test_settings_out_of_range_are_refused_all_at_once() -> None:
    with pytest.raises(InvalidSettingError, match=r"seed must be(.|\n)*max_rows must be(.|\n)*tol must be"):
        data_driven_initialization(Sequential([Dense(4)]), X, seed=-1, max_rows=1, tol=0.0)
