"""L25: batch normalization folded into the Dense layer beside it predicts the same, to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Activation, Add, BatchNorm, Dense, Dropout, Graph, Input, Sequential
from lamina.engine import make_executor
from lamina.errors import ShapeError
from lamina.network import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))


def random_vectors(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Weights and running statistics as after some training."""
    parameters = RNG.normal(size=network.num_parameters)
    state = network.initialize(0, "float64")[1]
    for name, view in network.unflatten(parameters, state).items():
        if name.endswith(("running_mean", "running_variance")):
            view[...] = RNG.uniform(0.5, 3.0, size=view.shape)
    return parameters, state


def outputs(network: Network, parameters: np.ndarray, state: np.ndarray | None = None) -> list[np.ndarray]:
    executor = make_executor(network.program(), dtype="float64")
    executor.restore(parameters=parameters)
    if state is not None:
        executor.restore(state=state)
    return executor.predict([X])


def behind_a_bias() -> Network:
    return Sequential([Dense(6), BatchNorm(), Activation("relu"), Dropout(0.5), Dense(2)], 4)


def behind_no_bias() -> Network:
    return Sequential([Dense(6, use_bias=False), BatchNorm(affine=False), Dense(2)], 4)


def behind_identity() -> Network:
    return Sequential([Dense(6, activation="identity"), BatchNorm(), Activation("tanh"), Dense(2)], 4)


def in_front_of_a_dense_layer() -> Network:
    return Sequential([BatchNorm(), Dense(6, activation="relu"), BatchNorm(), Dense(2, use_bias=False)], 4)


def two_in_a_row() -> Network:
    return Sequential([Dense(6), BatchNorm(), BatchNorm(), Activation("tanh"), Dense(2), BatchNorm()], 4)


def read_by_two_dense_layers() -> Network:
    x = Input(4)
    h = BatchNorm()(Dense(5, activation="relu")(x))
    return Graph(x, [Add()([Dense(3)(h), Dense(3)(h)]), Dense(1)(h)])


CASES = [behind_a_bias, behind_no_bias, behind_identity, in_front_of_a_dense_layer, two_in_a_row, read_by_two_dense_layers]


@pytest.mark.parametrize("make", CASES)
def test_the_folded_network_predicts_the_same(make: object) -> None:
    network = make()  # type: ignore[operator]
    parameters, state = random_vectors(network)
    folded, weights, statistics, kept = network.fold(parameters, state)
    assert not any(isinstance(node.layer, BatchNorm) for node in folded.nodes)
    assert type(folded) is type(network)
    assert (statistics.size, kept) == (0, {})
    for before, after in zip(outputs(network, parameters, state), outputs(folded, weights), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-10, atol=1e-10)


def test_layers_keep_their_names_and_the_weights_their_dtype() -> None:
    network = behind_no_bias()
    parameters, state = (vector.astype(np.float32) for vector in random_vectors(network))
    folded, weights, *_ = network.fold(parameters, state)
    assert [p.name for p in folded.parameters] == ["dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"]
    assert weights.dtype == np.float32


def test_a_network_without_normalization_stays_as_it_is() -> None:
    network = Sequential([Dense(3, activation="relu"), Dense(1)], 4)
    parameters, state = network.initialize(0)
    folded, weights, *_ = network.fold(parameters, state)
    assert folded == network
    np.testing.assert_array_equal(weights, parameters)


def between_activations() -> Network:
    return Sequential([Dense(6, activation="relu"), BatchNorm(), Activation("tanh"), Dense(2)], 4)


def behind_a_branch() -> Network:
    x = Input(4)
    h = Dense(5)(x)
    return Graph(x, Dense(1)(Add()([h, Activation("relu")(BatchNorm()(h))])))


def in_front_of_dropout() -> Network:
    return Sequential([Dense(6, activation="relu"), BatchNorm(), Dropout(0.5), Dense(2)], 4)


def as_an_output() -> Network:
    return Sequential([Dense(3, activation="tanh"), BatchNorm()], 4)


def on_the_inputs() -> Network:
    return Sequential([BatchNorm(), Activation("tanh"), Dense(3), BatchNorm(), Activation("relu"), Dense(1)], 4)


KEPT = {
    between_activations: "it reads 'dense_1', which has an activation, and 'activation_1', which is no Dense layer, reads it",
    behind_a_branch: "it is not alone in reading 'dense_1', and 'activation_1', which is no Dense layer, reads it",
    in_front_of_dropout: "it reads 'dense_1', which has an activation, and 'dropout_1', which is no Dense layer, reads it",
    as_an_output: "it reads 'dense_1', which has an activation, and is an output",
    on_the_inputs: "it reads 'input_1', which is no Dense layer, and 'activation_1', which is no Dense layer, reads it",
}


@pytest.mark.parametrize("make", KEPT)
def test_what_an_activation_a_branch_or_dropout_is_between_is_kept_and_the_reason_said(make: object) -> None:
    network = make()  # type: ignore[operator]
    parameters, state = random_vectors(network)
    folded, weights, statistics, kept = network.fold(parameters, state)
    assert kept == {"batch_norm_1": KEPT[make]}  # type: ignore[index]
    assert [node.name for node in folded.nodes if isinstance(node.layer, BatchNorm)] == ["batch_norm_1"]
    np.testing.assert_allclose(
        outputs(folded, weights, statistics)[0], outputs(network, parameters, state)[0], rtol=1e-10, atol=1e-10
    )


def test_what_was_in_the_way_of_one_may_be_folded_itself() -> None:
    layers = [Activation("tanh"), BatchNorm(), BatchNorm(), BatchNorm(), Dense(2)]
    network = Sequential(layers, 4)
    parameters, state = random_vectors(network)
    folded, weights, _, kept = network.fold(parameters, state)
    assert [node.name for node in folded.nodes] == ["activation_1", "dense_1"]
    assert kept == {}
    np.testing.assert_allclose(outputs(folded, weights)[0], outputs(network, parameters, state)[0], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("make", KEPT)
def test_what_cannot_be_folded_can_become_a_diagonal_dense_layer(make: object) -> None:
    network = make()  # type: ignore[operator]
    parameters, state = random_vectors(network)
    folded, weights, *_ = network.fold(parameters, state, as_dense=True)
    np.testing.assert_allclose(outputs(folded, weights)[0], outputs(network, parameters, state)[0], rtol=1e-10, atol=1e-10)


def test_vectors_of_another_network_are_refused() -> None:
    with pytest.raises(ShapeError, match="the parameter vector must have shape"):
        behind_a_bias().fold(np.zeros(3), np.zeros(12))
