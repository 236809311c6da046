"""Sequential: drawing, building and refusing."""

import pytest

from lamina.errors import InvalidSettingError, ShapeError
from lamina.layers import Activation, Add, BatchNorm, Dense, Dropout, Input
from lamina.network import Graph, Sequential


def perceptron(**settings):
    return Sequential([Dense(64, activation="relu"), BatchNorm(), Dropout(0.2), Dense(3)], **settings)


def test_layers_are_named_by_kind_and_number():
    assert [layer.name for layer in perceptron().layers] == ["dense_1", "batch_norm_1", "dropout_1", "dense_2"]


def test_a_width_given_at_once_or_by_build_or_by_an_input_makes_the_same_network():
    built = perceptron(input_width=20)
    assert perceptron().build(20) == built
    with_input = Sequential([Input(20), Dense(64, activation="relu"), BatchNorm(), Dropout(0.2), Dense(3)])
    assert with_input == built
    assert built.num_parameters == 20 * 64 + 64 + 2 * 64 + 64 * 3 + 3


def test_building_leaves_the_network_as_it_was():
    network = perceptron()
    network.build(20)
    assert not network.is_built
    with pytest.raises(ShapeError, match=r"input_1.*build\(input_width\)"):
        network.program()


def test_building_again_with_another_width_is_refused():
    with pytest.raises(ShapeError, match="input width must be 20, as set in the network, got 21"):
        perceptron(input_width=20).build(21)


@pytest.mark.parametrize("widths", [0, -1, 2.5, True, "20"])
def test_a_width_that_is_no_positive_integer_is_refused(widths):
    with pytest.raises(InvalidSettingError):
        perceptron().build(widths)


def test_two_widths_for_one_input_are_refused():
    with pytest.raises(InvalidSettingError, match="one for each of the inputs input_1"):
        perceptron().build([20, 3])


def test_a_network_cannot_be_changed():
    with pytest.raises(AttributeError):
        perceptron().nodes = ()


def test_no_layers_are_refused():
    with pytest.raises(InvalidSettingError, match="must hold at least one layer"):
        Sequential([])


def test_something_that_is_no_layer_is_refused():
    with pytest.raises(InvalidSettingError, match="must hold layers only, got 'relu'"):
        Sequential([Dense(3), "relu"])


def test_a_width_beside_an_input_is_refused():
    with pytest.raises(InvalidSettingError, match="when an Input comes first"):
        Sequential([Input(3), Dense(3)], input_width=3)


def test_a_layer_that_joins_several_inputs_is_refused():
    with pytest.raises(ShapeError, match="at least 2 inputs, got 1"):
        Sequential([Dense(3), Add()])


def test_one_layer_without_weights_may_stand_in_two_places():
    relu = Activation("relu")
    network = Sequential([Dense(3), relu, Dense(3), relu, Dense(1)])
    assert [layer.name for layer in network.layers] == ["dense_1", "activation_1", "dense_2", "activation_2", "dense_3"]


def test_a_sequential_is_read_back_only_from_a_chain():
    x = Input(4, name="x")
    h = Dense(4)(x)
    branched = Graph(x, Add()(x, h)).to_dict() | {"kind": "sequential"}
    with pytest.raises(InvalidSettingError, match="add_1: a layer of a Sequential must read 'dense_1'"):
        Sequential.from_dict(branched)
