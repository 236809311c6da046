"""A layer that is used several times: its weights exist once, whatever is made of the network."""

import copy
import json
import pickle

import numpy as np
import pytest

from lamina import Trainer, data_driven_initialization, load_model, save_model
from lamina.analysis import activation_statistics, check_gradients
from lamina.doctor.network_changes import changed_network
from lamina.errors import InvalidSettingError, ShapeError
from lamina.layers import Add, BatchNorm, Concat, Dense, Dropout, Input, LayerNorm, Multiply, PReLU
from lamina.network import Graph, Sequential, network_from_dict
from lamina.optimizers import Adam

RNG = np.random.default_rng(3)
LEFT, RIGHT = RNG.normal(size=(2, 40, 6))
Y = np.sum(LEFT * RIGHT, axis=1)


def twins(encoder=None, *after):
    """Two inputs that the same layers encode, and what their product says."""
    left, right = Input(6, name="left"), Input(6, name="right")
    a, b = left, right
    for layer in (encoder or Dense(8, activation="tanh", name="encoder"), *after):
        a, b = layer(a), layer(b)
    return Graph([left, right], Dense(1, name="score")(Multiply(name="product")([a, b])))


def test_weights_exist_once_under_the_layers_name():
    names = [parameter.name for parameter in twins().parameters]
    assert names == ["encoder.weight", "encoder.bias", "score.weight", "score.bias"]


def test_further_uses_have_the_number_of_the_use_in_their_name():
    x = Input(3, name="x")
    layer = Dense(3, name="step")
    assert [node.name for node in Graph(x, layer(layer(layer(x)))).nodes] == ["step", "step.2", "step.3"]


def test_a_layer_without_a_name_gets_one_for_all_its_uses():
    x = Input(3)
    layer = Dense(3)
    network = Graph(x, Dense(1)(layer(layer(x))))
    assert [node.name for node in network.nodes] == ["dense_1", "dense_1.2", "dense_2"]


def test_without_weights_and_name_each_use_is_a_layer_of_its_own():
    drop, layer = Dropout(0.1), Dense(3)
    names = [node.name for node in Sequential([layer, drop, layer, drop], input_width=3).nodes]
    assert names == ["dense_1", "dropout_1", "dense_1.2", "dropout_2"]


def test_two_objects_with_equal_settings_are_two_layers():
    x = Input(3)
    assert Graph(x, Dense(3)(Dense(3)(x))).num_parameters == 2 * 12


def test_two_objects_of_one_name_are_still_refused():
    x = Input(3)
    with pytest.raises(InvalidSettingError, match="a name must be used once, got 'h'"):
        Graph(x, Dense(3, name="h")(Dense(3, name="h")(x)))


@pytest.mark.parametrize("layer", [Dense(4), PReLU(), BatchNorm(), LayerNorm()], ids=lambda layer: layer.kind)
def test_uses_that_read_different_widths_are_refused(layer):
    x, y = Input(3, name="x"), Input(5, name="y")
    rule = r"a layer that is used twice must read as many columns as in x \(n, 3\), got 'y \(n, 5\)'"
    with pytest.raises(ShapeError, match=rf"{layer.kind}_1\.2: {rule}"):
        Graph([x, y], Concat()([layer(x), layer(y)]))


def test_widths_that_are_set_later_are_checked_then():
    x, y, layer = Input(name="x"), Input(name="y"), Dense(4, name="h")
    network = Graph([x, y], Add()([layer(x), layer(y)]))
    assert network.build([3, 3]).num_parameters == 16
    with pytest.raises(ShapeError, match=r"h\.2: a layer that is used twice"):
        network.build([3, 5])


def test_the_summary_counts_weights_once():
    lines = twins().summary().splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == ["left", "right", "encoder", "encoder.2", "product", "score"]
    assert [line.split()[-1] for line in lines[2:-2]] == ["0", "0", "56", "0", "0", "9"]
    assert "encoder again" in lines[5]
    assert lines[-1].endswith("depth: 2    parameters: 65")


@pytest.mark.parametrize(
    "again",
    [
        copy.deepcopy,
        lambda network: pickle.loads(pickle.dumps(network)),
        lambda network: network_from_dict(json.loads(json.dumps(network.to_dict()))),
        lambda network: network.build(network.input_widths),
    ],
)
def test_the_layer_is_one_in_every_copy(again):
    network = twins(None, BatchNorm())
    copied = again(network)
    assert copied == network
    assert copied.program() == network.program()
    by_name = {node.name: node.layer for node in copied.nodes}
    assert by_name["encoder"] is by_name["encoder.2"]


def test_a_sequentials_layers_make_the_same_sequential():
    layer = Dense(4, activation="tanh")
    network = Sequential([layer, layer, Dense(1)], input_width=4)
    assert Sequential(network.layers, input_width=4) == network
    assert Sequential.from_dict(json.loads(json.dumps(network.to_dict()))) == network


def test_a_description_whose_uses_differ_is_refused():
    description = json.loads(json.dumps(twins().to_dict()))
    second = next(node for node in description["nodes"] if node.get("use") == 2)
    second["layer"]["units"] = 9
    with pytest.raises(InvalidSettingError, match=r"encoder\.2: a layer of a network must have the same settings in each use"):
        Graph.from_dict(description)


@pytest.mark.parametrize("use", [0, 1.5, "2", None])
def test_a_use_out_of_range_is_refused(use):
    description = twins().to_dict()
    description["nodes"][-1]["use"] = use
    with pytest.raises(InvalidSettingError, match="use must be an integer >= 1"):
        Graph.from_dict(description)


def test_first_weights_are_those_of_the_first_use():
    layer = Dense(4, activation="relu")
    shared, apart = Sequential([layer, layer], input_width=4), Sequential([Dense(4, activation="relu")], input_width=4)
    np.testing.assert_array_equal(shared.initialize(5)[0], apart.initialize(5)[0])


def test_data_driven_first_weights_scale_the_first_use():
    network = twins(Dense(8, name="encoder"))
    weights = data_driven_initialization(network, [LEFT, 3 * RIGHT], dtype="float64")
    statistics = activation_statistics(network, [LEFT, 3 * RIGHT], weights=weights)
    assert statistics["encoder"].sum_variance == pytest.approx(1.0, abs=2e-3)
    assert statistics["encoder.2"].sum_variance > 2


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize(
    "network",
    [
        twins(),
        twins(Dense(8, activation="tanh", l2=0.1, name="encoder"), BatchNorm(), PReLU()),
        twins(Dense(2, name="narrow"), LayerNorm()),
        Sequential([layer := Dense(6, activation="tanh"), layer, layer, Dense(1)], input_width=6),
    ],
    ids=["dense", "penalty and normalization", "narrow", "one after the other"],
)
def test_the_gradient_is_that_of_all_uses(network, engine):
    inputs = LEFT[:9] if len(network.inputs) == 1 else [LEFT[:9], RIGHT[:9]]
    assert check_gradients(network, inputs, Y[:9], "squared_error", engine=engine, tol=1e-5).passed


def test_one_layer_learns_from_both_sides(tmp_path):
    trainer = Trainer(twins(), "squared_error", Adam(0.02), dtype="float64")
    history = trainer.fit([LEFT, RIGHT], Y, max_epochs=100)
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    np.testing.assert_allclose(trainer.predict([LEFT, RIGHT]), trainer.predict([RIGHT, LEFT]), rtol=1e-12)
    save_model(trainer, tmp_path / "twins.lamina")
    read = load_model(tmp_path / "twins.lamina")
    np.testing.assert_array_equal(read.predict([LEFT, RIGHT]), trainer.predict([LEFT, RIGHT]))
    assert len(read.weights) == 4


def test_a_checkpoint_continues_bit_for_bit(tmp_path):
    straight = Trainer(twins(None, BatchNorm()), "squared_error")
    straight.fit([LEFT, RIGHT], Y, max_epochs=4)
    first = Trainer(twins(None, BatchNorm()), "squared_error")
    first.fit([LEFT, RIGHT], Y, max_epochs=2)
    first.save_checkpoint(tmp_path / "half")
    second = Trainer(twins(None, BatchNorm()), "squared_error").load_checkpoint(tmp_path / "half")
    second.fit([LEFT, RIGHT], Y, max_epochs=2)
    assert second.weights == straight.weights
    assert second.running_statistics == straight.running_statistics


def test_a_normalization_stays_where_the_dense_layer_before_is_used_several_times():
    network = twins(Dense(8, name="encoder"), BatchNorm(name="norm"))
    folded = network.fold(*network.initialize())
    assert folded.network == network
    assert folded.kept["norm"].startswith("it reads 'encoder', which is used several times")


def test_a_normalization_stays_where_the_dense_layer_after_is_used_several_times():
    layer = Dense(6, activation="tanh")
    network = Sequential([layer, BatchNorm(name="norm"), layer], input_width=6)
    assert network.fold(*network.initialize()).kept["norm"].endswith("'dense_1.2', which is used several times, reads it")


def test_a_normalization_that_is_used_several_times_becomes_one_dense_layer():
    network = twins(Dense(8, activation="tanh", name="encoder"), BatchNorm(name="norm"))
    parameters, state = network.initialize(dtype="float64")
    state[:] = RNG.uniform(0.5, 1.5, size=state.shape)
    folded = network.fold(parameters, state, as_dense=True)
    assert folded.kept == {}
    by_name = {node.name: node.layer for node in folded.network.nodes}
    assert by_name["norm"] is by_name["norm.2"]
    before, after = (
        Trainer(each, "squared_error", dtype="float64", initial_weights=weights).predict([LEFT, RIGHT])
        for each, weights in ((network, (parameters, state)), (folded.network, folded[1:3]))
    )
    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_a_shared_normalization_is_folded_into_dense_layers_used_once():
    norm = BatchNorm(name="norm")
    left, right = Input(6, name="left"), Input(6, name="right")
    joined = Add()([Dense(4)(norm(left)), Dense(4)(norm(right))])
    network = Graph([left, right], joined)
    parameters, state = network.initialize(dtype="float64")
    state[:] = RNG.uniform(0.5, 1.5, size=state.shape)
    folded = network.fold(parameters, state)
    assert folded.kept == {}
    before, after = (
        Trainer(each, "squared_error", dtype="float64", initial_weights=weights).predict([LEFT, RIGHT])
        for each, weights in ((network, (parameters, state)), (folded.network, folded[1:3]))
    )
    np.testing.assert_allclose(after, before, rtol=1e-9)


@pytest.mark.parametrize(
    ("word", "value", "parameters"),
    [
        ("l2", 0.5, 65),
        ("activation", "relu", 65),
        ("weight_init", "he", 65),
        ("widths", (5,), 7 * 5 + 6),
        ("dropout", 0.5, 65),
        ("batch_norm", True, 65 + 4 * 8),
    ],
)
def test_a_change_of_the_doctor_reaches_all_uses(word, value, parameters):
    changed = changed_network(twins(), {word: value})
    assert changed.num_parameters == parameters
    by_name = {node.name: node.layer for node in changed.nodes}
    assert by_name["encoder"] is by_name["encoder.2"]
