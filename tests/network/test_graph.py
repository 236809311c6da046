"""Graph: names, shapes, depth, summary, and the refusal of what is no directed acyclic graph."""

import pickle
from copy import deepcopy

import pytest

from lamina.errors import InvalidSettingError, ShapeError
from lamina.layers import Activation, Add, BatchNorm, Concat, Dense, Dropout, Input, Multiply, PReLU
from lamina.network import Graph, Network, Sequential, network_from_dict


def residual():
    x = Input(20, name="x")
    h = Dense(64, activation="relu")(x)
    h2 = Dense(64, activation="relu")(h)
    return Graph(x, Dense(3)(Add()([h, h2])))


def two_in_two_out():
    left, right = Input(3, name="left"), Input(4, name="right")
    both = Concat(name="both")(Dense(5)(left), Dense(6)(right))
    return Graph([left, right], [Dense(2, name="price")(both), Dense(1, name="risk")(both)])


def test_names_count_each_kind_in_the_order_of_reading():
    assert [node.name for node in residual().nodes] == ["dense_1", "dense_2", "add_1", "dense_3"]


def test_several_inputs_and_outputs_keep_the_order_given():
    network = two_in_two_out()
    assert network.input_names == ("left", "right")
    assert network.input_widths == (3, 4)
    assert network.output_names == ("price", "risk")
    assert network.output_widths == (2, 1)


def test_automatic_names_step_around_the_users():
    x = Input(2)
    network = Graph(x, Dense(2)(Dense(2, name="dense_1")(x)))
    assert [node.name for node in network.nodes] == ["dense_1", "dense_2"]


def test_a_hidden_layer_may_be_an_output_too():
    x = Input(2)
    h = Dense(3, name="h")(x)
    network = Graph(x, [Dense(1, name="z")(h), h])
    assert network.output_names == ("z", "h")


def test_a_thousand_layers_need_no_recursion():
    x = symbol = Input(1)
    for _ in range(3000):
        symbol = Dense(1)(symbol)
    network = Graph(x, symbol)
    assert network.depth == 3000
    assert Graph.from_dict(network.to_dict()) == network


def test_many_paths_are_walked_once():
    x = symbol = Input(2)
    for _ in range(60):  # 2**60 paths
        symbol = Add()(symbol, Dense(2)(symbol))
    assert Graph(x, symbol).depth == 60


@pytest.mark.parametrize(
    ("layers", "depth"),
    [
        ([Dense(1)], 1),
        ([Dense(4, activation="tanh"), Dense(1)], 2),
        ([Dense(4), BatchNorm(), Activation("relu"), Dropout(0.1), PReLU(), Dense(1)], 2),
        ([Dropout(0.1), BatchNorm()], 0),
    ],
)
def test_depth_counts_layers_of_units_on_the_longest_path(layers, depth):
    assert Sequential(layers).depth == depth


def test_depth_takes_the_longer_of_two_ways():
    x = Input(4)
    long = Dense(4)(Dense(4)(Dense(4)(x)))
    assert Graph(x, Dense(1)(Add()(x, long))).depth == 4
    assert Graph(x, Dense(1)(Multiply()(long, Dense(4)(x)))).depth == 4


def test_depth_is_that_of_the_deepest_output():
    x = Input(4)
    h = Dense(4)(x)
    assert Graph(x, [Dense(1)(x), Dense(1)(Dense(2)(h))]).depth == 3


def test_summary_lists_every_layer_with_its_parameters_and_the_total():
    lines = two_in_two_out().summary().splitlines()
    assert lines[0].split() == ["name", "layer", "reads", "width", "parameters"]
    assert [line.split()[0] for line in lines[2:-2]] == ["left", "right", "dense_1", "dense_2", "both", "price", "risk"]
    assert [int(line.split()[-1]) for line in lines[2:-2]] == [0, 0, 20, 30, 0, 24, 12]
    assert lines[-1] == "outputs: price, risk    depth: 2    parameters: 86"


def test_summary_of_a_network_that_is_not_built_says_what_is_unknown():
    text = Sequential([Dense(3)]).summary()
    assert "unknown until built" in text
    assert "?" in text


def test_repr_is_one_line():
    assert repr(residual()) == "<Graph 20 → 3: 4 layers, depth 3, 5,699 parameters>"
    assert repr(two_in_two_out()) == "<Graph 3 + 4 → 2 + 1: 5 layers, depth 2, 86 parameters>"


@pytest.mark.parametrize("copy", [deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_copies_are_equal_and_work(copy):
    network = residual()
    network.program("softmax_cross_entropy")
    assert copy(network) == network
    assert copy(network).program() == network.program()


def test_networks_that_differ_in_one_setting_are_not_equal():
    x = Input(2, name="x")
    assert Graph(x, Dense(2)(x)) == Graph(x, Dense(2)(x))
    assert Graph(x, Dense(2)(x)) != Graph(x, Dense(2, l2=0.1)(x))


def test_a_graph_whose_input_is_not_known_is_built_later():
    left, right = Input(name="left"), Input(name="right")
    drawn = Graph([left, right], Dense(1)(Add()(left, right)))
    assert drawn.build([3, 3]).num_parameters == 4
    with pytest.raises(ShapeError, match=r"add_1: the inputs must have the same width: left has \(n, 3\), right \(n, 4\)"):
        drawn.build([3, 4])


def test_shape_errors_at_building_name_the_layers():
    x = Input(name="x")
    drawn = Graph(x, Add(name="skip")(x, Dense(64)(x)))
    with pytest.raises(ShapeError, match=r"skip: .* x has \(n, 20\), dense_1 \(n, 64\)"):
        drawn.build(20)


def test_an_input_that_is_not_listed_is_refused():
    x, y = Input(3, name="x"), Input(3, name="y")
    with pytest.raises(InvalidSettingError, match="an input that the outputs need must be listed, got <Input y: width 3>"):
        Graph(x, Add()(x, y))


def test_an_input_that_leads_nowhere_is_refused():
    x, y = Input(3, name="x"), Input(3, name="y")
    with pytest.raises(InvalidSettingError, match="an input must lead to an output, got <Input y"):
        Graph([x, y], Dense(1)(x))


@pytest.mark.parametrize("second", ["h", "x"])
def test_two_layers_or_inputs_of_one_name_are_refused(second):
    x = Input(3, name="x")
    with pytest.raises(InvalidSettingError, match=f"a name must be used once, got '{second}'"):
        Graph(x, Dense(1, name=second)(Dense(3, name="h")(x)))


def test_an_input_as_output_is_refused():
    x = Input(3, name="x")
    with pytest.raises(InvalidSettingError, match="an output must come from a layer"):
        Graph(x, x)


@pytest.mark.parametrize(
    ("inputs", "outputs", "rule"),
    [
        ([], [], "inputs must not be empty"),
        (Dense(3), [], "an input must be an Input"),
        ("x", [], "an input must be an Input"),
    ],
)
def test_what_are_no_inputs_is_refused(inputs, outputs, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        Graph(inputs, outputs)


def test_what_are_no_outputs_is_refused():
    x = Input(3)
    y = Dense(1)(x)
    for outputs, rule in (
        ([], "outputs must not be empty"),
        (Dense(1), "must be a symbol"),
        ([y, y], "must not be listed twice"),
    ):
        with pytest.raises(InvalidSettingError, match=rule):
            Graph(x, outputs)


def test_the_registry_reads_every_kind():
    for network in (residual(), two_in_two_out(), Sequential([Dense(3)]), Sequential([Dense(3)], input_width=2)):
        read = network_from_dict(network.to_dict())
        assert read == network
        assert type(read) is type(network)


@pytest.mark.parametrize("cls", [Graph, Sequential])
def test_networks_are_final_and_documented(cls):
    assert issubclass(cls, Network)
    assert getattr(cls, "__final__", False)
    assert ">>>" in cls.__doc__
